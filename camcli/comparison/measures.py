"""The table of measures: what is compared of two rows, and which way is worse."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from camcli.comparison.entry import Entry, Map, cover_the_same
from camcli.comparison.likeness import cosine, peak, spearman, ssim
from camcli.comparison.scaling import at_one_size


@dataclass(frozen=True)
class Sides:
    """Two rows about the same image, and their maps at one size, None where either has none."""

    golden: Entry
    new: Entry
    maps: tuple[Map, Map] | None


@dataclass(frozen=True)
class Measure:
    """One figure of two rows.

    Attributes:
        title: As a heading.
        worse: lower, where 1 is the same, or higher, where 0 is.
        of: Computes it; None where it does not exist for these rows.
        of_maps: Whether it needs both maps.

    """

    title: str
    worse: Literal["lower", "higher"]
    of: Callable[[Sides], float | None]
    of_maps: bool = False


def _ssim(sides: Sides) -> float | None:
    """Return the structural similarity; of signed maps with zero at a half, as it is for [0, 1]."""
    if sides.maps is None:
        return None
    if sides.golden.meaning.sign != "signed":
        return ssim(*sides.maps)
    first, second = ((values + np.float32(1)) / np.float32(2) for values in sides.maps)
    return ssim(first, second)


def _of_maps(function: Callable[[Map, Map], float | None]) -> Callable[[Sides], float | None]:
    return lambda sides: function(*sides.maps) if sides.maps else None


def _peak_shift(sides: Sides) -> float | None:
    """Return how far apart, in pixels of the image, the maps are farthest from zero."""
    if sides.maps is None:
        return None
    (row_a, column_a), (row_b, column_b) = (peak(np.abs(values)) for values in sides.maps)
    height, width = _extent(sides)
    return math.hypot((row_a - row_b) * height, (column_a - column_b) * width)


def _extent(sides: Sides) -> tuple[float, float]:
    """Return the height and width in pixels of what the maps cover: the crop, of most runs."""
    assert sides.maps is not None
    if sides.golden.extent is None:
        height, width = sides.maps[0].shape
        return height, width
    left, top, right, bottom = sides.golden.extent
    return bottom - top, right - left


def _change(read: Callable[[Entry], float | None]) -> Callable[[Sides], float | None]:
    """Return a measure of how much a number in the rows differs, whichever way."""

    def change(sides: Sides) -> float | None:
        before, after = read(sides.golden), read(sides.new)
        if sides.golden.key != sides.new.key or before is None or after is None:
            return None
        return abs(after - before)

    return change


MEASURES = {
    "cosine": Measure("cosine", "lower", _of_maps(cosine), of_maps=True),
    "spearman": Measure("Spearman", "lower", _of_maps(spearman), of_maps=True),
    "ssim": Measure("SSIM", "lower", _ssim, of_maps=True),
    "peak_shift": Measure("peak shift, px", "higher", _peak_shift, of_maps=True),
    "score": Measure("score change", "higher", _change(lambda e: e.target.get("score"))),
    "probability": Measure(
        "probability change", "higher", _change(lambda e: e.target.get("probability"))
    ),
    "completeness_error": Measure(
        "completeness error change", "higher", _change(lambda e: e.row.get("completeness_error"))
    ),
}
"""By the name that thresholds call them."""


def measured(golden: Entry, new: Entry) -> dict[str, float | None]:
    """Return every measure of two rows.

    Raises:
        InputError: A map cannot be read.

    """
    first, second = golden.read_map(), new.read_map()
    maps = None
    if first is not None and second is not None and cover_the_same(golden, new):
        maps = at_one_size(*_to_one(first, second) if _is_raw(golden) else (first, second))
    sides = Sides(golden, new, maps)
    return {name: measure.of(sides) for name, measure in MEASURES.items()}


def _is_raw(entry: Entry) -> bool:
    return entry.meaning.normalize == "none"


def _to_one(first: Map, second: Map) -> tuple[Map, Map]:
    """Divide two raw maps by the largest value of both, which keeps how their sizes compare."""
    largest = max(float(np.abs(first).max()), float(np.abs(second).max())) or 1.0
    return first / np.float32(largest), second / np.float32(largest)
