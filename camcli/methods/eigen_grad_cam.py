"""Eigen-Grad-CAM: the first principal component of gradient times activation."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from camcli.attribution.objective import Objective
from camcli.methods._ops.decomposition import first_component
from camcli.methods.base import Method, Saliency
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class EigenGradCam(Method):
    """map = ReLU(X v), X the (hw, K) matrix of g ⊙ A, centred, v its first right singular vector.

    g = ∂s/∂A. A singular vector's sign is arbitrary: it is chosen so that X v rises with the sum
    of X over the channels, the evidence for the class.

    It has no paper; it is Eigen-CAM's projection (arXiv 2008.00299) made to depend on the class,
    as the library pytorch-grad-cam introduced it.
    """

    name = "eigen-grad-cam"
    uses_gradient = True

    def explain(self, probe: Probe, objective: Objective) -> Saliency:
        """Project gradient times activation on its first component; see `Method.explain`."""
        evidence = probe.gradient(objective) * probe.activation
        batch, _, height, width = evidence.shape
        places = evidence.flatten(2).transpose(1, 2)
        places = places - places.mean(1, keepdim=True)
        component = first_component(places)
        agreement = (component * places.sum(2)).sum(1, keepdim=True)
        component = component * torch.where(agreement < 0, -1.0, 1.0)
        return Saliency(component.view(batch, height, width))
