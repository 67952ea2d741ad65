"""What every source of maps is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from camcli.evaluation.image_batch import ImageBatch
from camcli.methods.base import Saliency
from camcli.targets.class_target import ClassTarget


class MapSource(ABC):
    """Something that has a map for each image and class.

    Attributes:
        name: Its name in tables.

    """

    name: str

    @abstractmethod
    def saliency(self, batch: ImageBatch, targets: Sequence[ClassTarget]) -> Saliency:
        """Return the maps of a batch, for one target an image."""

    def as_traced(self) -> MapSource:
        """Return the same source with its network as traced, in float32, nothing accelerated."""
        return self
