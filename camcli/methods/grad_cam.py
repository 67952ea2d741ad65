"""Grad-CAM: activation maps weighed by the mean of their gradient."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.methods._ops.channel_weights import gradient_weights
from camcli.methods.linear_cam import LinearCam
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class GradCam(LinearCam):
    """map = ReLU(Σ_k α_k A_k), with α_k = mean_ij ∂s/∂A_k(i, j).

    Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
    Localization", ICCV 2017, arXiv 1610.02391.
    """

    name = "grad-cam"
    uses_gradient = True
    signed = True

    def coefficients(self, probe: Probe, objective: Objective) -> Tensor:
        """Average the gradient over space; see `LinearCam.coefficients`."""
        return gradient_weights(probe.gradient(objective))
