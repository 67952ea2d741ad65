"""One method at several layers of a network, averaged."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.methods.base import Method, Saliency
from camcli.methods.outside import saliency_of
from camcli.methods.probe import Probe
from camcli.methods.scaling import min_max
from camcli.network.split import SplitNetwork


@dataclass(frozen=True)
class LayerMean(Method):
    """map = mean_l (M_l - min M_l) / (max M_l - min M_l), M_l the method's map at layer l.

    Each layer's map is brought to the finest of their resolutions and normalised, so that no layer
    drowns the others; one that is the same everywhere adds nothing. The completeness error is the
    worst of the layers'.
    """

    method: Method
    further: tuple[SplitNetwork, ...]

    @property
    def name(self) -> str:  # type: ignore[override]
        """The name of the method."""
        return self.method.name

    @property
    def uses_deeplift(self) -> bool:
        """Whether the method asks for contributions."""
        return self.method.uses_deeplift

    @property
    def uses_gradient(self) -> bool:
        """Whether the method asks for gradients."""
        return self.method.uses_gradient

    @property
    def uses_relevance(self) -> bool:
        """Whether the method asks for relevance."""
        return self.method.uses_relevance

    def explain(self, probe: Probe, objective: Objective) -> Saliency:
        """Explain at each layer, normalise and average; see `Method.explain`."""
        probes = [probe, *(probe.at(network) for network in self.further)]
        found = [saliency_of(self.method, each, objective) for each in probes]
        size = max((tuple(each.maps.shape[-2:]) for each in found), key=lambda hw: hw[0] * hw[1])
        maps = [min_max(_resized(each.positive, size)) for each in found]
        errors = [s.completeness_error for s in found if s.completeness_error is not None]
        return Saliency(
            maps=torch.stack(maps).mean(0),
            completeness_error=torch.stack(errors).amax(0) if errors else None,
        )


def _resized(maps: Tensor, size: tuple[int, ...]) -> Tensor:
    """Bring maps (B, h, w) to another size, in float32."""
    return F.interpolate(maps[:, None], size, mode="bilinear")[:, 0].float()
