"""Where the explained object really is, as masks over the network's input."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from glob import escape
from pathlib import Path, PurePosixPath

import torch
from torch import Tensor

from camcli.errors import InputError
from camcli.evaluation.ground_truth.annotations import (
    Annotations,
    Mask,
    mask_of,
    read_annotations,
    read_mask,
)
from camcli.records import ImageItem, Target
from camcli.targets.class_names import folded

_MASK_SUFFIX = ".png"


@dataclass(frozen=True)
class ObjectMasks:
    """The explained object, and what else is marked in the image: bool (H, W) each."""

    target: Tensor
    others: Tensor


class Truth(ABC):
    """What people, or a scene generator, say of the images."""

    @abstractmethod
    def masks(self, item: ImageItem, target: Target) -> ObjectMasks | None:
        """Return where the explained object is, None where it is not marked.

        Raises:
            InputError: The mark of this image cannot be read.

        """


@dataclass(frozen=True)
class BoxTruth(Truth):
    """Boxes from Pascal VOC or COCO files."""

    annotations: Annotations

    def masks(self, item: ImageItem, target: Target) -> ObjectMasks | None:
        """Draw the boxes of the explained class; see `Truth.masks`."""
        size = item.pixels.shape[:2]
        every = self.annotations.of(item.ref.name, None)
        chosen = self.annotations.of(item.ref.name, target.name)
        if not chosen:
            return None
        others = [region for region in every if region not in chosen]
        return _masks(*(mask_of(regions, item.geometry, size) for regions in (chosen, others)))


@dataclass(frozen=True)
class MaskTruth(Truth):
    """Mask images in a folder: `cat.<class name or index>.png`, or `cat.png` for any class."""

    folder: Path

    def masks(self, item: ImageItem, target: Target) -> ObjectMasks | None:
        """Read the image's masks; see `Truth.masks`."""
        stem = PurePosixPath(item.ref.name).stem
        by_label = {
            folded(path.stem[len(stem) + 1 :]): path
            for path in sorted(self.folder.glob(f"{escape(stem)}.*{_MASK_SUFFIX}"))
        }
        plain = self.folder / f"{stem}{_MASK_SUFFIX}"
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
        return _masks(own, others & ~own)


def read_truth(path: Path) -> Truth:
    """Return the truth that a path holds: boxes (.json, .xml, or a folder of .xml) or masks.

    Raises:
        InputError: The path holds neither.

    """
    if path.is_dir() and any(path.glob(f"*{_MASK_SUFFIX}")):
        return MaskTruth(path)
    if not path.exists():
        raise InputError(f"there is no annotation {path}")
    return BoxTruth(read_annotations(path))


def _masks(target: Mask, others: Mask) -> ObjectMasks | None:
    own = torch.from_numpy(target)
    return ObjectMasks(own, torch.from_numpy(others)) if bool(own.any()) else None
