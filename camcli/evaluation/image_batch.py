"""One batch of images, and the passes through the trunk that its methods share."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from camcli.methods.probe import Probe
from camcli.network.split import SplitNetwork
from camcli.records import ImageItem


class ImageBatch:
    """Decoded images as a network takes them, and their probes.

    Attributes:
        items: The B images as they were decoded.
        images: float32 (B, 3, H, W), normalised.
        black: (3, 1, 1), a black pixel, normalised.

    """

    def __init__(self, items: Sequence[ImageItem], images: Tensor, black: Tensor) -> None:
        self.items = items
        self.images = images
        self.black = black
        self._probes: dict[int, Probe] = {}

    def probe(self, network: SplitNetwork, with_reference: bool = False) -> Probe:
        """Return the batch at a network's cut; the trunk runs once for each network.

        Args:
            network: The network; it must outlive the batch.
            with_reference: Compute the logits in the pass that DeepLIFT needs.

        """
        if id(network) not in self._probes:
            self._probes[id(network)] = Probe(network, self.images, with_reference, self.black)
        return self._probes[id(network)]

    def of(self, rows: Sequence[int]) -> ImageBatch:
        """Return a batch of some of the images; itself, if of all of them in order."""
        if list(rows) == list(range(len(self.items))):
            return self
        return ImageBatch([self.items[row] for row in rows], self.images[list(rows)], self.black)

    def without_probes(self) -> ImageBatch:
        """Return the same images with nothing computed yet."""
        return ImageBatch(self.items, self.images, self.black)
