"""Whether a map lies on the object, where the truth is known."""

from __future__ import annotations

import torch
from torch import Tensor


def energy_inside(maps: Tensor, masks: Tensor) -> Tensor:
    """Return the share of each map's energy that lies inside the object: Σ_inside m / Σ m.

    In [0, 1], higher is better; a constant map scores the object's share of the image. NaN where
    a map is zero everywhere. Known as the energy-based pointing game.

    Wang et al., "Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural Networks",
    CVPR workshops 2020, arXiv 1910.01279, section 4.3.

    Args:
        maps: (B, h, w), non-negative.
        masks: bool (B, h, w), True inside the object.

    Returns:
        float64 (B,).
    """
    maps = maps.double()
    return (maps * masks).sum((1, 2)) / maps.sum((1, 2))


def peak_inside(maps: Tensor, masks: Tensor, margin: int = 0) -> Tensor:
    """Return whether each map's largest value lies inside the object: the pointing game.

    Of several equally large values the first in row-major order counts.

    Zhang et al., "Top-down Neural Attention by Excitation Backprop", ECCV 2016, arXiv 1608.00507,
    where a peak within `margin` = 15 pixels of the object counts as a hit.

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
