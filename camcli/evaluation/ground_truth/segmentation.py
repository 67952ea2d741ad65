"""COCO's outlines: polygons, and masks as run lengths."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from camcli.errors import InputError
from camcli.evaluation.ground_truth.shapes import Mask, Polygons, Raster, Rectangle, Shape
from camcli.system.distribution import install_command

_CORNERS = 3


def outline_of(thing: Mapping[str, Any]) -> Shape | None:
    """Return the outline of an annotated object, None where there is none, of three corners.

    Raises:
        ValueError, TypeError, KeyError, OverflowError: It cannot be read.
        InputError: It can be read with a package that is not installed.

    """
    outline = thing.get("segmentation")
    if not outline:
        return None
    return _run_lengths(outline) if isinstance(outline, Mapping) else _polygons(outline)


def box_of(thing: Mapping[str, Any]) -> Rectangle | None:
    """Return the box around an annotated object, None where there is none.

    Raises:
        ValueError, TypeError, OverflowError: It cannot be read.

    """
    if not thing.get("bbox"):
        return None
    left, top, width, height = map(float, thing["bbox"])
    return Rectangle((left, top, left + width, top + height))


def in_fractions(box: Rectangle) -> bool:
    """Return whether a box lies within the first pixel, as one in shares of its picture does."""
    return all(0 <= edge <= 1 for edge in box.box)


def has_extent(shape: Shape) -> bool:
    """Return whether a shape is finite and not empty."""
    if shape.bounds is None:
        return True
    left, top, right, bottom = shape.bounds
    return all(map(math.isfinite, shape.bounds)) and right > left and bottom > top


def _polygons(outline: Sequence[Any]) -> Polygons | None:
    """Read polygons, each x, y, x, y, ...; None where none has three corners."""
    if not isinstance(outline, Sequence) or isinstance(outline, str):
        raise TypeError("an outline is neither polygons nor run lengths")
    alone = not isinstance(outline[0], Sequence)  # a polygon in no list, as some converters write
    polygons = [list(map(float, polygon)) for polygon in ([outline] if alone else outline)]
    if any(len(polygon) % 2 for polygon in polygons):
        raise ValueError("a polygon has an odd number of coordinates")
    corners = (tuple(zip(polygon[::2], polygon[1::2], strict=True)) for polygon in polygons)
    kept = tuple(polygon for polygon in corners if len(polygon) >= _CORNERS)
    return Polygons(kept) if kept else None


def _run_lengths(outline: Mapping[str, Any]) -> Raster:
    """Read a mask as run lengths: down the columns, off and on in turn, off first.

    Lists of numbers are read here; strings, which pycocotools has compressed, by pycocotools.
    """
    height, width = map(int, outline["size"])
    counts = outline["counts"]
    if isinstance(counts, str):
        mask = _decompressed(counts, height, width)
    else:
        lengths = np.asarray(counts, dtype=np.int64)
        values = np.arange(len(lengths)) % 2 == 1
        mask = np.repeat(values, lengths).reshape(width, height).T
    packed = np.packbits(mask)  # an eighth of the memory, for as long as the run takes
    return Raster((width, height), partial(_unpacked, packed, height, width))


def _unpacked(packed: Any, height: int, width: int) -> Mask:
    bits: Mask = np.unpackbits(packed, count=height * width).reshape(height, width).astype(np.bool_)
    return bits


def _decompressed(counts: str, height: int, width: int) -> Mask:
    try:
        from pycocotools import mask as coco
    except ImportError:
        raise InputError(
            "its masks are compressed run lengths, which pycocotools reads, and that is not "
            f"installed: {install_command('coco')}, or pip install pycocotools"
        ) from None
    mask: Mask = coco.decode({"size": [height, width], "counts": counts.encode()}).astype(np.bool_)
    return mask
