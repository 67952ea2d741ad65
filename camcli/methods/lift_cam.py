"""LIFT-CAM: the coefficients of a CAM as DeepLIFT's estimate of their SHAP values."""

from __future__ import annotations

from dataclasses import dataclass

from camcli.attribution.objective import Objective
from camcli.methods._ops.weighted_sum import weighted_sum
from camcli.methods.base import Method, Saliency
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class LiftCam(Method):
    """map = ReLU(Σ_k α_k A_k), with α_k = Σ_ij C_k(i, j).

    A CAM explains the score by a linear model over the presence of the K activation maps, whose
    coefficients ought to be their SHAP values. α_k, the DeepLIFT contribution of map k against the
    all-zero activation summed over space and signed, is an estimate of them for the price of one
    backward pass; it is exact where the tail is linear in the activation. The coefficients are
    not normalised.

    Jung and Oh, "Towards Better Explanations of Class Activation Mapping", ICCV 2021,
    arXiv 2102.05228, equations 9 to 11.
    """

    name = "lift-cam"
    uses_deeplift = True
    signed = True

    def explain(self, probe: Probe, objective: Objective) -> Saliency:
        """Weigh the activation maps by their contributions; see `Method.explain`."""
        contributions = probe.contributions(objective)
        coefficients = contributions.coefficients
        return Saliency(
            weighted_sum(coefficients, probe.activation),
            contributions.completeness_error,
            coefficients=coefficients,
        )
