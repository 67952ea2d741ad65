"""Annotated boxes, whichever file format they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from camcli.evaluation.ground_truth.truth import Mask, ObjectMasks, Truth, object_masks
from camcli.records import Box, Geometry, ImageItem, Target
from camcli.targets.class_names import folded


@dataclass(frozen=True)
class Region:
    """One annotated object: its class by name, None where the file names none, and its box.

    The box is (left, top, right, bottom) in pixels of the upright image, right and bottom
    exclusive.
    """

    label: str | None
    box: Box


@dataclass(frozen=True)
class Annotations:
    """The annotated objects of every image, by file stem (`cat` for `a/cat.jpg`)."""

    regions: Mapping[str, Sequence[Region]]

    def of(self, name: str, label: str | None) -> list[Region]:
        """Return an image's objects of a class, and those without a label.

        Args:
            name: The image's, in the run.
            label: The class by name; None for objects of every class.

        """
        found = self.regions.get(PurePosixPath(name).stem, ())
        wanted = None if label is None else folded(label)
        return [r for r in found if r.label is None or wanted in (None, folded(r.label))]


@dataclass(frozen=True)
class BoxTruth(Truth):
    """Boxes of the explained class, against all others of the image."""

    annotations: Annotations

    def masks(self, item: ImageItem, target: Target) -> ObjectMasks | None:
        """Draw the boxes of the explained class; see `Truth.masks`."""
        size = item.pixels.shape[:2]
        every = self.annotations.of(item.ref.name, None)
        chosen = self.annotations.of(item.ref.name, target.name)
        if not chosen:
            return None
        others = [region for region in every if region not in chosen]
        return object_masks(*(mask_of(found, item.geometry, size) for found in (chosen, others)))


def mask_of(regions: Sequence[Region], geometry: Geometry, size: tuple[int, int]) -> Mask:
    """Return where boxes lie in the network's input: bool (H, W).

    A pixel belongs to a box when its centre does.

    Args:
        regions: The boxes.
        geometry: How the input lies in the image.
        size: (H, W) of the input.

    """
    left, top, right, bottom = geometry.crop_box
    height, width = size
    across = left + (np.arange(width) + 0.5) * (right - left) / width
    down = top + (np.arange(height) + 0.5) * (bottom - top) / height
    mask = np.zeros(size, dtype=np.bool_)
    for region in regions:
        x0, y0, x1, y1 = region.box
        mask |= ((down >= y0) & (down < y1))[:, None] & ((across >= x0) & (across < x1))[None]
    return mask
