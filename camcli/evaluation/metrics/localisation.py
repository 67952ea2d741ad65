"""Whether a map lies on the explained object, where the ground truth is known."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from camcli.evaluation.metrics.family import Family

_SCORE_CAM = (
    'Wang et al., "Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural '
    'Networks", CVPR workshops 2020, arXiv 1910.01279, section 4.3'
)
_EXCITATION_BACKPROP = (
    'Zhang et al., "Top-down Neural Attention by Excitation Backprop", ECCV 2016, arXiv '
    "1608.00507, there with a margin of 15 pixels"
)


@dataclass(frozen=True)
class LocalisationInput:
    """Maps, and where the objects are.

    Attributes:
        maps: (B, h, w), non-negative.
        target: bool (B, h, w), True inside the explained object.
        others: bool (B, h, w), True inside the other annotated objects.

    """

    maps: Tensor
    target: Tensor
    others: Tensor


LOCALISATION = Family[LocalisationInput]("localisation")
"""Metrics of the map against annotated objects."""


def energy_inside(maps: Tensor, masks: Tensor) -> Tensor:
    """Return the fraction of each map's energy that lies inside the mask: Σ_inside m / Σ m.

    A constant map scores the mask's fraction of the image. NaN where a map is zero everywhere.

    Args:
        maps: (B, h, w), non-negative.
        masks: bool (B, h, w), True inside the object.

    Returns:
        float64 (B,).

    """
    maps = maps.double()
    return (maps * masks).sum((1, 2)) / maps.sum((1, 2))


def peak_inside(maps: Tensor, masks: Tensor, margin: int = 0) -> Tensor:
    """Return whether each map's largest value lies inside the mask.

    Of several equally large values the first in row-major order counts.

    Args:
        maps: (B, h, w).
        masks: bool (B, h, w), True inside the object.
        margin: Pixels by which an object is grown in each direction (a square neighbourhood).

    Returns:
        bool (B,).

    """
    grown = masks
    if margin:
        grown = torch.nn.functional.max_pool2d(
            masks.float()[:, None], 2 * margin + 1, stride=1, padding=margin
        )[:, 0].bool()
    peaks = maps.flatten(1).argmax(1, keepdim=True)
    return grown.flatten(1).gather(1, peaks).squeeze(1)


@LOCALISATION.metric(
    "energy", "energy", better="higher", bounds=(0, 1), source=_SCORE_CAM, percent=True
)
def energy(given: LocalisationInput) -> Tensor:
    """Return the energy inside the explained object, the energy-based pointing game."""
    return energy_inside(given.maps, given.target)


@LOCALISATION.metric(
    "pointing",
    "pointing",
    better="higher",
    bounds=(0, 1),
    source=_EXCITATION_BACKPROP,
    percent=True,
)
def pointing(given: LocalisationInput) -> Tensor:
    """Return 1 where the peak lies inside the explained object, else 0: the pointing game."""
    return peak_inside(given.maps, given.target)


@LOCALISATION.metric(
    "energy_on_others",
    "energy on others",
    better="lower",
    bounds=(0, 1),
    source=_SCORE_CAM + "; camcli applies it to other objects",
    percent=True,
)
def energy_on_others(given: LocalisationInput) -> Tensor | None:
    """Return the energy inside other annotated objects, None where there are none."""
    return energy_inside(given.maps, given.others) if bool(given.others.any()) else None
