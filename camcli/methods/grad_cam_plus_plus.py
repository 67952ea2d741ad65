"""Grad-CAM++: positive gradients, weighed so that every occurrence of the class counts."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.methods._ops.channel_weights import grad_cam_plus_plus_weights
from camcli.methods.linear_cam import LinearCam
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class GradCamPlusPlus(LinearCam):
    """map = ReLU(Σ_k α_k A_k), with α_k = Σ_ij ReLU(g) / (2 + g Σ_ab A_k(a, b)).

    g = ∂s/∂A_k(i, j). The paper weighs ReLU(g) by g² / (2 g² + g³ Σ A), its equation 19, which is
    the fraction above wherever g is not 0; an exponential of the score, its equation 15, scales
    all α alike and is left out. The denominator is at least 2 where the maps are not negative, as
    the paper assumes; elsewhere it is kept from crossing 0.

    Chattopadhay, Sarkar, Howlader, Balasubramanian, "Grad-CAM++: Generalized Gradient-based Visual
    Explanations for Deep Convolutional Networks", WACV 2018, arXiv 1710.11063.
    """

    name = "grad-cam++"
    uses_gradient = True

    def coefficients(self, probe: Probe, objective: Objective) -> Tensor:
        """Weigh and sum the positive gradients; see `LinearCam.coefficients`."""
        return grad_cam_plus_plus_weights(probe.gradient(objective), probe.activation)
