"""XGrad-CAM: gradients averaged with the activation as their weight."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.methods.linear_cam import LinearCam
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class XGradCam(LinearCam):
    """map = ReLU(Σ_k α_k A_k), with α_k = Σ_ij g A_k(i, j) / Σ_ij A_k(i, j), g = ∂s/∂A_k(i, j).

    A map that sums to 0 has the coefficient 0.

    Fu, Hu, Dong, Guo, Gao, Li, "Axiom-based Grad-CAM: Towards Accurate Visualization and
    Explanation of CNNs", BMVC 2020, arXiv 2008.02312.
    """

    name = "xgrad-cam"
    uses_gradient = True
    signed = True

    def coefficients(self, probe: Probe, objective: Objective) -> Tensor:
        """Average the gradients; see `LinearCam.coefficients`."""
        mass = probe.activation.sum((2, 3))
        share = (probe.gradient(objective) * probe.activation).sum((2, 3))
        return torch.where(mass == 0, 0.0, share / mass)
