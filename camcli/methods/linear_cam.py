"""CAMs in the strict sense: one coefficient for each activation map."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.methods._ops.weighted_sum import weighted_sum
from camcli.methods.base import Method, Saliency
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class LinearCam(Method):
    """map = ReLU(Σ_k α_k A_k); a method of this kind is the choice of its coefficients α."""

    @abstractmethod
    def coefficients(self, probe: Probe, objective: Objective) -> Tensor:
        """Return α, float32 (B, K), for the score of each image."""

    def explain(self, probe: Probe, objective: Objective) -> Saliency:
        """Weigh the activation maps by their coefficients; see `Method.explain`."""
        coefficients = self.coefficients(probe, objective)
        return Saliency(weighted_sum(coefficients, probe.activation), coefficients=coefficients)
