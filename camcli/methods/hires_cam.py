"""HiResCAM: every place of every map weighed by its own gradient."""

from __future__ import annotations

from dataclasses import dataclass

from camcli.attribution.objective import Objective
from camcli.methods.base import Method, Saliency
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class HiResCam(Method):
    """map = ReLU(Σ_k ∂s/∂A_k(i, j) A_k(i, j)).

    Draelos and Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional
    neural networks", 2020, arXiv 2011.08891.
    """

    name = "hires-cam"
    uses_gradient = True
    signed = True

    def explain(self, probe: Probe, objective: Objective) -> Saliency:
        """Weigh each place by its gradient; see `Method.explain`."""
        return Saliency((probe.gradient(objective) * probe.activation).sum(1))
