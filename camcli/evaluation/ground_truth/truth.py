"""What a source of ground truth is asked for: where the explained object is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from camcli.records import ImageItem, Target

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ObjectMasks:
    """The explained object, and what else is annotated in the image: bool (H, W) each."""

    target: Tensor
    others: Tensor


class Truth(ABC):
    """What people, or a scene generator, say of the images."""

    @abstractmethod
    def masks(self, item: ImageItem, target: Target) -> ObjectMasks | None:
        """Return where the explained object is, None where it is not annotated.

        Raises:
            InputError: The annotation of this image cannot be read.

        """


def object_masks(target: Mask, others: Mask) -> ObjectMasks | None:
    """Return masks (H, W) as tensors; None where the object lies outside the network's input."""
    own = torch.from_numpy(target)
    return ObjectMasks(own, torch.from_numpy(others)) if bool(own.any()) else None
