"""The shapes of annotated objects, and which points lie inside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from camcli.records import Box

Mask = npt.NDArray[np.bool_]
Coordinates = npt.NDArray[np.float64]
Size = tuple[int, int]


@dataclass(frozen=True)
class Grid:
    """Points to look at, in pixels of the annotated picture, in any order.

    Attributes:
        across: x, (W,).
        down: y, (H,).

    """

    across: Coordinates
    down: Coordinates


class Shape(ABC):
    """Where an object is, in pixels of the annotated picture.

    Attributes:
        kind: What it is in reports.

    """

    kind: ClassVar[str]

    @abstractmethod
    def covers(self, grid: Grid) -> Mask:
        """Return which points lie inside: bool (H, W)."""

    @property
    def bounds(self) -> Box | None:
        """(left, top, right, bottom), None for a shape as large as its picture."""
        return None


@dataclass(frozen=True)
class Rectangle(Shape):
    """A box; its left and top sides belong to it, its right and bottom sides do not."""

    kind = "box"
    box: Box

    @property
    def bounds(self) -> Box:
        """The box."""
        return self.box

    def covers(self, grid: Grid) -> Mask:
        """See `Shape.covers`."""
        left, top, right, bottom = self.box
        rows = (grid.down >= top) & (grid.down < bottom)
        columns = (grid.across >= left) & (grid.across < right)
        inside: Mask = rows[:, None] & columns[None]
        return inside


@dataclass(frozen=True)
class Polygons(Shape):
    """The union of polygons, each a sequence of (x, y) corners.

    Inside is where a ray crosses the outline an odd number of times. pycocotools rounds outlines to
    pixels first; the two differ along the edge only.
    """

    kind = "polygon"
    outlines: tuple[tuple[tuple[float, float], ...], ...]

    @property
    def bounds(self) -> Box:
        """The smallest box around them."""
        xs, ys = zip(*(corner for outline in self.outlines for corner in outline), strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def covers(self, grid: Grid) -> Mask:
        """See `Shape.covers`."""
        found = np.zeros((len(grid.down), len(grid.across)), dtype=np.bool_)
        for outline in self.outlines:
            found |= _inside(outline, grid)
        return found


def _inside(outline: Sequence[tuple[float, float]], grid: Grid) -> Mask:
    found = np.zeros((len(grid.down), len(grid.across)), dtype=np.bool_)
    for (x0, y0), (x1, y1) in zip(outline, (*outline[1:], outline[0]), strict=True):
        rows = np.flatnonzero((y0 <= grid.down) != (y1 <= grid.down))
        crossing = x0 + (grid.down[rows] - y0) * (x1 - x0) / ((y1 - y0) or 1.0)
        found[rows] ^= grid.across[None] < crossing[:, None]
    return found


@dataclass(frozen=True)
class Raster(Shape):
    """A mask as large as its picture.

    Attributes:
        size: (width, height) of the picture.
        read: Returns the mask, bool (height, width).

    """

    kind = "mask"
    size: Size
    read: Callable[[], Mask]

    def covers(self, grid: Grid) -> Mask:
        """See `Shape.covers`; nothing lies inside beyond the picture."""
        mask = self.read()
        columns, in_width = _pixels(grid.across, self.size[0])
        rows, in_height = _pixels(grid.down, self.size[1])
        inside: Mask = mask[np.ix_(rows, columns)] & in_height[:, None] & in_width[None]
        return inside


def _pixels(points: Coordinates, length: int) -> tuple[npt.NDArray[np.int64], Mask]:
    """Return the pixel that each coordinate lies in, and whether there is one."""
    pixels = np.floor(points).astype(np.int64)
    return pixels.clip(0, length - 1), (pixels >= 0) & (pixels < length)
