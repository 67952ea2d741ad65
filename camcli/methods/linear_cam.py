"""CAMs in the strict sense: one coefficient for each activation map."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from torch import Tensor

from camcli.methods._ops.weighted_sum import weighted_sum
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
