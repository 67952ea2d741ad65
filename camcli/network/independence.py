"""Check that an image's scores depend on the image alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from camcli.errors import ModelError
from camcli.network.invocation import evaluating
from camcli.network.rehearsal import Rehearsal
from camcli.network.scores import Scores

_TOLERANCE = 1e-3  # of the largest score: far above rounding, which depends on the batch size


@torch.no_grad()
def require_independence(scores: Scores, rehearsal: Rehearsal, network: nn.Module) -> None:
    """Compare an image's scores beside another image with its scores on its own.

    Raises:
        ModelError: They differ: the network changes from call to call, or it mixes images.

    """
    together, alone = scores.read(rehearsal.outputs), scores.read(rehearsal.alone)
    if _same(together[:1], alone, together):
        return
    with evaluating(network):
        again = scores.read(rehearsal.invocation(network, rehearsal.images.clone()))
    if not _same(together, again, together):
        raise ModelError(
            "the network gives the same images other scores when it is called again: its forward "
            "keeps a state, which has to stay as it is in evaluation mode"
        )
    raise ModelError(
        "the network mixes the images of a batch: the first of two has other scores on its own. "
        "Look for batch-norm that takes its statistics from the batch, or a sum over the batch"
    )


def _same(one: Tensor, other: Tensor, scale: Tensor) -> bool:
    if one.numel() != other.numel():
        return False
    change = (one.double().reshape(-1) - other.double().reshape(-1)).nan_to_num().abs().max()
    return bool(change <= _TOLERANCE * scale.double().nan_to_num().abs().max())
