"""Bring maps of two sizes to one."""

from __future__ import annotations

import numpy as np
from PIL import Image

from camcli.comparison.entry import Map


def scaled_down(values: Map, size: tuple[int, int]) -> Map:
    """Return a map at `size` (h, w), each pixel the mean of what it covers."""
    if values.shape == size:
        return values
    image = Image.fromarray(np.ascontiguousarray(values, dtype=np.float32))
    return np.asarray(image.resize(size[::-1], Image.Resampling.BOX), dtype=np.float32)


def at_one_size(first: Map, second: Map) -> tuple[Map, Map]:
    """Return two maps at the smaller of their sizes, side by side."""
    height = min(first.shape[0], second.shape[0])
    width = min(first.shape[1], second.shape[1])
    return scaled_down(first, (height, width)), scaled_down(second, (height, width))
