"""A map in 256 levels, by which its colours are looked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from camcli.output.colormaps import lookup_table

if TYPE_CHECKING:
    import numpy.typing as npt

    from camcli.records import MapValues

ZERO = 128
"""The level of zero in a signed map, in the middle of a colour map."""

_SPAN = 127
_CONTOURS = (64, 128, 191)
_SIGNED_CONTOURS = (33, 64, 96, 160, 192, 223)


@dataclass(frozen=True)
class Levels:
    """A map in 256 levels.

    Attributes:
        image: L. Of a map in [0, 1], 255 times its values; of a signed one in [-1, 1], 128 + 127
            times its values.
        signed: Whether the map is signed.

    """

    image: Image.Image
    signed: bool = False

    @classmethod
    def of(cls, values: npt.NDArray[np.float32], signed: bool = False) -> Levels:
        """Return a map (h, w) in [0, 1], or a signed one in [-1, 1], in levels."""
        levels = ZERO + values * np.float32(_SPAN) if signed else values * np.float32(255)
        return cls(Image.fromarray(np.rint(levels).astype(np.uint8)), signed)

    @property
    def contours(self) -> tuple[int, ...]:
        """The levels of a quarter, a half and three quarters; of both signs in a signed map."""
        return _SIGNED_CONTOURS if self.signed else _CONTOURS

    @property
    def magnitudes(self) -> Image.Image:
        """The size of each value, L: 255 where it is 1 or -1."""
        if not self.signed:
            return self.image
        sizes = [min(255, round(255 * abs(level - ZERO) / _SPAN)) for level in range(256)]
        return self.image.point(sizes)

    def beyond(self, level: int) -> Image.Image:
        """Return where the map is as far from zero as a level or farther, L, 255 there."""
        below_zero = self.signed and level < ZERO
        inside = [value <= level if below_zero else value >= level for value in range(256)]
        return self.image.point([255 * is_inside for is_inside in inside])

    def coloured(self, colormap: str) -> Image.Image:
        """Return the map in colours, RGB; `colormap` as `lookup_table` takes it."""
        coloured = self.image.copy()
        coloured.putpalette(lookup_table(colormap).tobytes())
        return coloured.convert("RGB")


def drawable(values: npt.NDArray[np.float32], meaning: MapValues) -> npt.NDArray[np.float32]:
    """Return the values of a map as they are drawn: in [0, 1], or in [-1, 1] of a signed map.

    Only a raw map changes: it is divided by its scale, and clipped.
    """
    if meaning.normalize != "none":
        return values
    assert meaning.scale is not None
    lowest = -1 if meaning.sign == "signed" else 0
    shown: npt.NDArray[np.float32] = np.clip(values / np.float32(meaning.scale), lowest, 1)
    return shown
