"""LRP-CAM: coefficients from layer-wise relevance propagation."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.methods.linear_cam import LinearCam
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class LrpCam(LinearCam):
    """map = ReLU(Σ_k α_k A_k), with α_k = Σ_ij R_k(i, j), R the LRP-ε relevance of A, ε = 1e-9.

    `camcli.attribution.lrp` describes how relevance passes each operation. Biases keep their part
    of the relevance, so the coefficients do not add up to the score.

    Bach et al., "On Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise
    Relevance Propagation", PLoS ONE 2015; as coefficients of a CAM: Jung and Oh, ICCV 2021,
    arXiv 2102.05228, section 4.1.
    """

    name = "lrp-cam"
    uses_relevance = True
    signed = True

    def coefficients(self, probe: Probe, objective: Objective) -> Tensor:
        """Sum the relevance over space; see `LinearCam.coefficients`."""
        return probe.relevance(objective).sum((2, 3))
