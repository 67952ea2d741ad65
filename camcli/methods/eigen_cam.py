"""Eigen-CAM: the first principal component of the activation maps."""

from __future__ import annotations

from dataclasses import dataclass

from camcli.attribution.objective import Objective
from camcli.methods._ops.decomposition import first_component, positive_peak
from camcli.methods.base import Method, Saliency
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class EigenCam(Method):
    """map = ReLU(X v), X the (hw, K) activation matrix and v its first right singular vector.

    The maps are not centred, as in the paper, and the class plays no part. A singular vector's
    sign is arbitrary: it is chosen so that the place of largest magnitude is positive. The
    component is taken from the (hw, hw) Gram matrix X Xᵀ = U S² Uᵀ, whose size does not grow with
    the channels: X v = U S.

    Bany Muhammad and Yeasin, "Eigen-CAM: Class Activation Map using Principal Components",
    IJCNN 2020, arXiv 2008.00299.
    """

    name = "eigen-cam"
    uses_class = False

    def explain(self, probe: Probe, objective: Objective) -> Saliency:  # noqa: ARG002
        """Project the activation on its first component; see `Method.explain`."""
        batch, _, height, width = probe.activation.shape
        component = positive_peak(first_component(probe.activation.flatten(2).transpose(1, 2)))
        return Saliency(component.view(batch, height, width))
