"""Noise: the control that every method must beat."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from camcli.attribution.objective import Objective
from camcli.methods._ops.sampling import generators
from camcli.methods.base import Method, Saliency
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class RandomMap(Method):
    """map = u, uniform in [0, 1), independent at every place of the layer.

    It knows neither the network nor the class, so whatever a metric grants it is the metric's
    floor. An image always gets the same noise.
    """

    name = "random"
    uses_class = False

    seed: int = field(default=0, metadata={"description": "of the noise"})

    def explain(self, probe: Probe, objective: Objective) -> Saliency:  # noqa: ARG002
        """Draw a map for each image; see `Method.explain`."""
        size = probe.activation.shape[2:]
        maps = [torch.rand(size, generator=draw) for draw in generators(probe.images, self.seed)]
        return Saliency(torch.stack(maps).to(probe.activation))
