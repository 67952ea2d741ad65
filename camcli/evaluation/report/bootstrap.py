"""Confidence intervals of means, without assuming how the values are spread."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_RESAMPLES = 2000
_LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean over images with its 95 % interval.

    Attributes:
        mean: Of the values that are numbers.
        low: 2.5th percentile of the resampled means.
        high: 97.5th percentile.
        count: How many values were numbers.

    """

    mean: float
    low: float
    high: float
    count: int


def bootstrap(values: Tensor, seed: int = 0) -> Estimate:
    """Estimate a mean by the percentile bootstrap: means of 2,000 resamples with replacement.

    The same seed draws the same images for every method and metric, so that intervals of
    methods measured on the same images can be compared.

    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.

    Args:
        values: (n,), one an image; NaN, where a metric had no value, is left out.
        seed: Of the resamples.

    """
    known = values[~values.isnan()].double()
    if not len(known):
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    generator = torch.Generator().manual_seed(seed)
    draws = torch.randint(len(known), (_RESAMPLES, len(known)), generator=generator)
    bounds = torch.tensor([(1 - _LEVEL) / 2, (1 + _LEVEL) / 2], dtype=torch.float64)
    low, high = known[draws].mean(1).quantile(bounds).tolist()
    return Estimate(float(known.mean()), low, high, len(known))
