"""How concentrated a map is; neither end of the scale is right by itself."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from camcli.evaluation.metrics.family import Family

_CHALASANI = (
    'Chalasani et al., "Concise Explanations of Neural Networks using Adversarial Training", ICML '
    "2020, arXiv 1810.06583"
)
_BHATT = (
    'Bhatt, Weller, Moura, "Evaluating and Aggregating Feature-based Model Explanations", IJCAI '
    "2020, arXiv 2005.00631, there not divided by ln n"
)


@dataclass(frozen=True)
class ComplexityInput:
    """Maps alone: (B, h, w), non-negative."""

    maps: Tensor


COMPLEXITY = Family[ComplexityInput]("complexity")
"""Metrics of the map alone."""


@COMPLEXITY.metric("gini", "Gini", better="neither", bounds=(0, 1), source=_CHALASANI)
def gini(given: ComplexityInput) -> Tensor:
    """Return the Gini index of each map's values, Σ_i (2i - n - 1) v_i / (n Σ v), v ascending.

    0 for a constant map, near 1 when all of it lies in one place. NaN where a map is zero
    everywhere.
    """
    values = given.maps.double().flatten(1).sort(dim=1).values
    count = values.shape[1]
    weights = 2 * torch.arange(1, count + 1, device=values.device) - count - 1
    return (values * weights).sum(1) / (count * values.sum(1))


@COMPLEXITY.metric("entropy", "entropy", better="neither", bounds=(0, 1), source=_BHATT)
def entropy(given: ComplexityInput) -> Tensor:
    """Return each map's entropy as a fraction of the largest one, -Σ p ln p / ln n, p = m / Σ m.

    1 for a constant map, 0 when all of it lies in one place. NaN where a map is zero everywhere.
    """
    values = given.maps.double().flatten(1)
    shares = values / values.sum(1, keepdim=True)
    largest = torch.log(torch.tensor(values.shape[1], dtype=torch.float64))
    return -torch.xlogy(shares, shares).sum(1) / largest
