"""Maps that a method computes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from camcli.evaluation.image_batch import ImageBatch
from camcli.evaluation.sources.base import MapSource
from camcli.methods.base import Method, Saliency
from camcli.network.split import SplitNetwork


@dataclass(frozen=True)
class MethodSource(MapSource):
    """A method and the network that it explains.

    Attributes:
        name: The method's.
        method: The method.
        network: Cut at the layer that the method explains at.
        traced: The same before it was accelerated.

    """

    name: str
    method: Method
    network: SplitNetwork
    traced: SplitNetwork

    def as_traced(self) -> MapSource:
        """See `MapSource.as_traced`."""
        return replace(self, network=self.traced)

    def saliency(self, batch: ImageBatch, classes: Tensor) -> Saliency:
        """Explain the batch; see `MapSource.saliency`."""
        return self.method.explain(batch.probe(self.network, self.method.uses_deeplift), classes)
