"""The images that a worker keeps until their files are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from camcli.records import FailedImage, ImageItem
from camcli.workers.failures import unchanged

# Two images of 24 megapixels, or 350 of 500 x 375.
_MOST_BYTES = 1 << 28

DecodeAgain = Callable[[], ImageItem | FailedImage]


@dataclass(frozen=True)
class _Kept:
    item: ImageItem
    size: int
    decode_again: DecodeAgain | None


class ImageCache:
    """Keeps decoded images as long as there is room, and decodes the others again when needed.

    A run has more than a hundred images between decoding and writing, which for a camera's images
    would be gigabytes. The first to arrive are the first to be drawn over, and stay.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        """Make room for decoded images of so many bytes altogether."""
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: dict[int, _Kept] = {}

    def keep(self, item: ImageItem, decode_again: DecodeAgain) -> None:
        """Keep an image, or how to decode it once more where there is no room."""
        size = _size(item)
        if self._bytes + size <= self._most_bytes:
            self._hold(_Kept(item, size, None))
        else:
            self._hold(_Kept(replace(item, original=None), 0, decode_again))

    def get(self, index: int) -> ImageItem:
        """Return the image of that index, decoded again where there was no room for it.

        Raises:
            KeyError: There is none.
            GaveUpError: It could not be decoded again, or its file is another one now.

        """
        kept = self._kept[index]
        if kept.decode_again is None:
            return kept.item
        item = unchanged(kept.decode_again(), kept.item.sha256)
        # Whether there is room or not: few are written at a time, and each for all of its targets.
        self._hold(_Kept(item, _size(item), None))
        return item

    def forget(self, index: int) -> None:
        """Release the image of that index, if there is one."""
        kept = self._kept.pop(index, None)
        self._bytes -= kept.size if kept else 0

    def _hold(self, kept: _Kept) -> None:
        self.forget(kept.item.ref.index)
        self._kept[kept.item.ref.index] = kept
        self._bytes += kept.size


def _size(item: ImageItem) -> int:
    """Return how many bytes an image's pixels take; Pillow has four for one of RGB."""
    return 0 if item.original is None else 4 * item.original.width * item.original.height
