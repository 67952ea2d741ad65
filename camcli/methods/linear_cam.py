"""CAMs in the strict sense: one coefficient for each activation map."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from camcli.methods.base import Method, Saliency
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class LinearCam(Method):
    """map = ReLU(Σ_k α_k A_k); a method of this kind is the choice of its coefficients α."""

    @abstractmethod
    def coefficients(self, probe: Probe, classes: Tensor) -> Tensor:
        """Return α, float32 (B, K), for the class of each image, int64 (B,)."""

    def explain(self, probe: Probe, classes: Tensor) -> Saliency:
        """Weigh the activation maps by their coefficients; see `Method.explain`."""
        coefficients = self.coefficients(probe, classes)
        return Saliency(weighted_sum(coefficients, probe.activation), coefficients=coefficients)


def weighted_sum(coefficients: Tensor, activation: Tensor) -> Tensor:
    """Return ReLU(Σ_k α_k A_k), (B, h, w), of α (B, K) and A (B, K, h, w)."""
    return torch.einsum("bk,bkhw->bhw", coefficients, activation).relu()
