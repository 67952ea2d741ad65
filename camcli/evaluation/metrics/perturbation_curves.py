"""Insertion and deletion: the confidence as an image appears, or vanishes, in a map's order."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

from camcli.evaluation.metrics.faithfulness import FAITHFULNESS, PerturbationScores

Baseline = Literal["zero", "blur"]

_BLUR_KERNEL = 11
_BLUR_SIGMA = 5.0
_RISE = (
    'Petsiuk, Das, Saenko, "RISE: Randomized Input Sampling for Explanation of Black-box Models", '
    "BMVC 2018, arXiv 1806.07421"
)


def baseline_images(images: Tensor, baseline: Baseline) -> Tensor:
    """Return what hidden places show: 0, the mean colour, or the blurred image (σ 5 pixels).

    Args:
        images: (B, 3, H, W), normalised.
        baseline: zero or blur.

    """
    if baseline == "zero":
        return torch.zeros_like(images)
    return gaussian_blur(images, [_BLUR_KERNEL, _BLUR_KERNEL], [_BLUR_SIGMA, _BLUR_SIGMA])


def most_salient(maps: Tensor, steps: int) -> Tensor:
    """Return, for each step, the places that have been reached: the most salient i/steps of all.

    Args:
        maps: (B, H, W); of equal values the first in row-major order comes first.
        steps: S, the number of equal parts that the image is divided into.

    Returns:
        bool (B, S + 1, H, W), from none to all.

    """
    flat = maps.flatten(1)
    places = flat.shape[1]
    order = flat.argsort(dim=1, descending=True, stable=True)
    rank = torch.empty_like(order)
    rank.scatter_(1, order, torch.arange(places, device=maps.device).expand_as(order))
    counts = [places * step // steps for step in range(steps + 1)]
    reached = torch.stack([rank < count for count in counts], 1)
    return reached.view(*reached.shape[:2], *maps.shape[1:])


def area_under(curves: Tensor) -> Tensor:
    """Return the area under probabilities at equal steps, by trapezoids: (B,) of (B, S + 1)."""
    return (curves[:, 1:] + curves[:, :-1]).mean(1) / 2


@FAITHFULNESS.metric("insertion", "insertion", better="higher", bounds=(0, 1), source=_RISE)
def insertion(scores: PerturbationScores) -> Tensor:
    """Return the area under the probability as places appear over the baseline."""
    return area_under(scores.insertion)


@FAITHFULNESS.metric("deletion", "deletion", better="lower", bounds=(0, 1), source=_RISE)
def deletion(scores: PerturbationScores) -> Tensor:
    """Return the area under the probability as places give way to the baseline."""
    return area_under(scores.deletion)
