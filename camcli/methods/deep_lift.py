"""DeepLIFT at the target layer: the attribution itself, without pooling over space."""

from __future__ import annotations

from dataclasses import dataclass

from camcli.attribution.objective import Objective
from camcli.methods.base import Method, Saliency
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class DeepLiftMap(Method):
    """map = ReLU(Σ_k C_k(i, j)), C the DeepLIFT contributions against the all-zero activation.

    Before the ReLU the map sums exactly to the score's difference from that of the reference.

    Shrikumar, Greenside, Kundaje, "Learning Important Features Through Propagating Activation
    Differences", ICML 2017, arXiv 1704.02685.
    """

    name = "deep-lift"
    uses_deeplift = True
    signed = True

    def explain(self, probe: Probe, objective: Objective) -> Saliency:
        """Sum the contributions over the channels; see `Method.explain`."""
        contributions = probe.contributions(objective)
        return Saliency(contributions.evidence, contributions.completeness_error)
