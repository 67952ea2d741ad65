"""Where the explained object is: what a survey of the ground truth leaves for the evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from camcli.evaluation.ground_truth.frames import Frame
from camcli.evaluation.ground_truth.report import TruthReport
from camcli.evaluation.ground_truth.shapes import Mask, Shape
from camcli.records import ImageItem, Target

TruthGap = Literal[
    "image not annotated",
    "class not annotated",
    "object outside the input",
    "evidence against the class",
]
"""Why the explained object of an image has no mask."""


@dataclass(frozen=True)
class ObjectMasks:
    """The explained object, and what else is annotated in the image: bool (H, W) each."""

    target: Tensor
    others: Tensor


def outcome_of(found: ObjectMasks | TruthGap | None) -> str | None:
    """Return what a row says of its ground truth."""
    return "used" if isinstance(found, ObjectMasks) else found


@dataclass(frozen=True)
class ClassedShape:
    """An annotated object.

    Attributes:
        shape: In pixels of the annotated picture.
        index: Its class; None where it serves every class, -1 where the network has none such.

    """

    shape: Shape
    index: int | None

    def is_of(self, target: Target) -> bool:
        """Return whether it is an object of the explained class."""
        return self.index in (None, target.index)


@dataclass(frozen=True)
class PictureTruth:
    """The objects of one image, and how the annotation lies in it."""

    frame: Frame
    objects: tuple[ClassedShape, ...]


@dataclass(frozen=True)
class Truth:
    """What people, or a scene generator, say of the images of a run.

    Attributes:
        pictures: By the image's name in the run.
        report: What of it is used.

    """

    pictures: Mapping[str, PictureTruth]
    report: TruthReport

    def masks(self, item: ImageItem, target: Target) -> ObjectMasks | TruthGap:
        """Return where the explained object is in the network's input, or why that is not known.

        An annotation says where a class is, which is not where the evidence against it should be.
        """
        if target.sign == "negative":
            return "evidence against the class"
        picture = self.pictures.get(item.ref.name)
        if picture is None:
            return "image not annotated"
        own = [thing.shape for thing in picture.objects if thing.is_of(target)]
        if not own:
            return "class not annotated"
        others = [thing.shape for thing in picture.objects if not thing.is_of(target)]
        mask = _union(own, picture.frame, item)
        if not mask.any():
            return "object outside the input"
        return ObjectMasks(*map(torch.from_numpy, (mask, _union(others, picture.frame, item))))


def _union(shapes: Sequence[Shape], frame: Frame, item: ImageItem) -> Mask:
    height, width = item.pixels.shape[:2]
    found = np.zeros((height, width), dtype=np.bool_)
    for shape in shapes:
        found |= frame.visible(shape, item.geometry, (height, width))
    return found
