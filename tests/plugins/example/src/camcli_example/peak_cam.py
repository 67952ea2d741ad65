"""Peak-CAM: activation maps weighed by the largest value of their gradient."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from camcli.attribution.objective import Objective
from camcli.methods.base import Method, Saliency
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class PeakCam(Method):
    """map = ReLU(Σ_k α_k A_k), with α_k = max_ij ∂s/∂A_k(i, j).

    An example of a plug-in; no paper.
    """

    name = "peak-cam"
    uses_gradient = True
    signed = True

    positive: bool = field(default=False, metadata={"description": "leave negative α_k out"})

    def explain(self, probe: Probe, objective: Objective) -> Saliency:
        """Weigh the activation maps; see `Method.explain`."""
        coefficients = probe.gradient(objective).amax((2, 3))
        if self.positive:
            coefficients = coefficients.relu()
        maps = torch.einsum("bk,bkhw->bhw", coefficients, probe.activation)
        return Saliency(maps, coefficients=coefficients)
