"""LayerCAM: every place of every map weighed by its own positive gradient."""

from __future__ import annotations

from dataclasses import dataclass

from camcli.attribution.objective import Objective
from camcli.methods.base import Method, Saliency
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class LayerCam(Method):
    """map = ReLU(Σ_k ReLU(∂s/∂A_k(i, j)) A_k(i, j)).

    Jiang, Zhang, Hou, Cheng, Wei, "LayerCAM: Exploring Hierarchical Class Activation Maps for
    Localization", IEEE Transactions on Image Processing 30, 2021.
    """

    name = "layer-cam"
    uses_gradient = True

    def explain(self, probe: Probe, objective: Objective) -> Saliency:
        """Weigh each place by its positive gradient; see `Method.explain`."""
        weighed = probe.gradient(objective).relu() * probe.activation
        return Saliency(weighed.sum(1))
