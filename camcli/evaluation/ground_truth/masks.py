"""Mask images, whose non-black pixels are the object."""

from __future__ import annotations

from dataclasses import dataclass
from glob import escape
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from camcli.errors import InputError
from camcli.evaluation.ground_truth.truth import Mask, ObjectMasks, Truth, object_masks
from camcli.records import Geometry, ImageItem, Target
from camcli.targets.class_names import folded

_SUFFIX = ".png"


@dataclass(frozen=True)
class MaskTruth(Truth):
    """Mask images in a folder: `cat.<class name or index>.png`, or `cat.png` for any class."""

    folder: Path

    def masks(self, item: ImageItem, target: Target) -> ObjectMasks | None:
        """Read the image's masks; see `Truth.masks`."""
        stem = PurePosixPath(item.ref.name).stem
        by_label = {
            folded(path.stem[len(stem) + 1 :]): path
            for path in sorted(self.folder.glob(f"{escape(stem)}.*{_SUFFIX}"))
        }
        plain = self.folder / f"{stem}{_SUFFIX}"
        names = [folded(target.name or ""), str(target.index)]
        chosen = next((by_label[name] for name in names if name in by_label), None)
        if chosen is None and not by_label and plain.is_file():
            chosen = plain
        if chosen is None:
            return None
        size = item.pixels.shape[:2]
        own = read_mask(chosen, item.geometry, size)
        others = own & False
        for path in by_label.values():
            if path != chosen:
                others = others | read_mask(path, item.geometry, size)
        return object_masks(own, others & ~own)


def is_mask_folder(path: Path) -> bool:
    """Return whether a path is a folder with mask images in it."""
    return path.is_dir() and any(path.glob(f"*{_SUFFIX}"))


def read_mask(path: Path, geometry: Geometry, size: tuple[int, int]) -> Mask:
    """Read a mask image as it lies in the network's input: bool (H, W).

    Args:
        path: An image of the same size as the one that it annotates.
        geometry: How the input lies in that image.
        size: (H, W) of the input.

    Raises:
        InputError: It cannot be read, or has another size.

    """
    try:
        with Image.open(path) as image:
            grey = image.convert("L")
    except OSError as error:
        raise InputError(f"cannot read the mask {path}: {error}") from None
    if grey.size != (geometry.width, geometry.height):
        raise InputError(
            f"the mask {path} has {grey.width} x {grey.height} pixels, its image "
            f"{geometry.width} x {geometry.height}"
        )
    height, width = size
    left, top, right, bottom = geometry.crop_box
    seen = grey.transform(
        (width, height),
        Image.Transform.AFFINE,
        ((right - left) / width, 0, left, 0, (bottom - top) / height, top),
        Image.Resampling.NEAREST,
    )
    return np.asarray(seen) > 0
