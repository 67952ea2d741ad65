"""A blob in the middle: the control that knows only how people hold their cameras."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from camcli.attribution.objective import Objective
from camcli.methods.base import Method, Saliency
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class CentredMap(Method):
    """map = exp(-2 (x² + y²)), x and y from -1 to 1 across the layer.

    It knows neither the image nor the class. Photographers centre their subjects, so on most
    metrics it beats noise; a method that it beats has not found the subject.
    """

    name = "centred"
    uses_class = False

    def explain(self, probe: Probe, objective: Objective) -> Saliency:
        """Return the same map for every image; see `Method.explain`."""
        height, width = probe.activation.shape[2:]
        down, across = (torch.linspace(-1, 1, side).square() for side in (height, width))
        blob = torch.exp(-2 * (down[:, None] + across[None]))
        return Saliency(blob.to(probe.activation).repeat(len(objective), 1, 1))
