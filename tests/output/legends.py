"""A map over an image of any size, for what is drawn and said of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from camcli.records import Box, Geometry, ImageItem, ImageRef, SaliencyMap, Target

CAT = Target(3, "cat", 12.345, 0.98765)


def map_over(
    size: tuple[int, int],
    target: Target = CAT,
    values: npt.NDArray[np.float32] | None = None,
    crop_box: Box | None = None,
    name: str = "a.png",
) -> SaliencyMap:
    """Return a map, by default one that rises from left to right and fills the image."""
    width, height = size
    item = ImageItem(
        ref=ImageRef(0, Path(name), name),
        original=Image.new("RGB", size, (120, 150, 90)),
        pixels=np.zeros((8, 8, 3), np.uint8),
        geometry=Geometry(width, height, crop_box or (0.0, 0.0, float(width), float(height))),
        sha256="",
    )
    rising = np.tile(np.linspace(0, 1, 8, dtype=np.float32), (8, 1))
    shown = rising if values is None else values
    return SaliencyMap(item, target, "lift-cam", "features", shown, (-0.5, 1480.4), None)
