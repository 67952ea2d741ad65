"""Maps that a method computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from camcli.evaluation.image_batch import ImageBatch
from camcli.evaluation.sources.base import MapSource
from camcli.methods.base import Method, Saliency
from camcli.methods.outside import saliency_of
from camcli.network.split import SplitNetwork
from camcli.targets.class_axis import ClassAxis
from camcli.targets.class_target import ClassTarget


@dataclass(frozen=True)
class MethodSource(MapSource):
    """A method and the network that it explains.

    Attributes:
        name: The method's.
        method: The method.
        network: Cut at the layer that the method explains at.
        traced: The same before it was accelerated.
        axis: How the classes lie among its logits.

    """

    name: str
    method: Method
    network: SplitNetwork
    traced: SplitNetwork
    axis: ClassAxis

    def as_traced(self) -> MapSource:
        """See `MapSource.as_traced`."""
        return replace(self, network=self.traced)

    def saliency(self, batch: ImageBatch, targets: Sequence[ClassTarget]) -> Saliency:
        """Explain the batch; see `MapSource.saliency`."""
        probe = batch.probe(self.network, self.method.uses_deeplift)
        objective = self.axis.objective(targets, batch.images.device)
        return saliency_of(self.method, probe, objective)
