"""Grad-CAM: activation maps weighed by the mean of their gradient."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from camcli.methods.base import Method, Saliency
from camcli.methods.channel_weights import gradient_weights
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class GradCam(Method):
    """map = ReLU(Σ_k α_k A_k), with α_k = mean_ij ∂s/∂A_k(i, j).

    Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
    Localization", ICCV 2017, arXiv 1610.02391.
    """

    name = "grad-cam"

    def explain(self, probe: Probe, classes: Tensor) -> Saliency:
        """Weigh the activation maps by their mean gradient; see `Method.explain`."""
        weights = gradient_weights(probe.gradient(classes))
        return Saliency(torch.einsum("bk,bkhw->bhw", weights, probe.activation).relu())
