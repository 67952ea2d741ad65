"""Scores with some of the activation maps absent: what ablation, LIME and SHAP ask for."""

from __future__ import annotations

import torch
from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.methods.probe import Probe

# A tail is so cheap that smaller batches would mostly wait for their own bookkeeping.
_ROWS_AT_A_TIME = 16


def scores_of_presence(probe: Probe, presence: Tensor, objective: Objective) -> Tensor:
    """Return F(z ⊙ A), the score with the maps where z is 0 replaced by zeros.

    Only the tail runs, once for each row of `presence`.

    Args:
        probe: The batch.
        presence: (B, M, K), z, of zeros and ones.
        objective: What to score in each image.

    Returns:
        (B, M).

    """
    batch = len(objective)
    rows = torch.arange(batch, device=objective.device)
    scores = []
    for some in presence.split(max(1, _ROWS_AT_A_TIME // batch), dim=1):
        maps = probe.activation[:, None] * some[..., None, None].to(probe.activation)
        repeats = some.shape[1]
        found = probe.scores_of_maps(
            maps.flatten(0, 1), rows.repeat_interleave(repeats), objective.repeat(repeats)
        )
        scores.append(found.view(batch, repeats))
    return torch.cat(scores, 1)
