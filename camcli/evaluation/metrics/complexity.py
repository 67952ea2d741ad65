"""How concentrated a map is; neither end of the scale is right by itself."""

from __future__ import annotations

import torch
from torch import Tensor


def gini(maps: Tensor) -> Tensor:
    """Return the Gini index of each map's values, Σ_i (2i - n - 1) v_i / (n Σ v), v ascending.

    In [0, 1): 0 for a constant map, near 1 when all of it lies in one place. NaN where a map is
    zero everywhere.

    Chalasani et al., "Concise Explanations of Neural Networks using Adversarial Training", ICML
    2020, arXiv 1810.06583.

    Args:
        maps: (B, h, w), non-negative.

    """
    values = maps.double().flatten(1).sort(dim=1).values
    count = values.shape[1]
    weights = 2 * torch.arange(1, count + 1, device=maps.device) - count - 1
    return (values * weights).sum(1) / (count * values.sum(1))


def entropy(maps: Tensor) -> Tensor:
    """Return each map's entropy as a share of the largest possible, -Σ p ln p / ln n, p = m / Σ m.

    In [0, 1]: 1 for a constant map, 0 when all of it lies in one place. NaN where a map is zero
    everywhere.

    Bhatt, Weller, Moura, "Evaluating and Aggregating Feature-based Model Explanations", IJCAI 2020,
    arXiv 2005.00631, there not divided by ln n.

    Args:
        maps: (B, h, w), non-negative.

    """
    values = maps.double().flatten(1)
    shares = values / values.sum(1, keepdim=True)
    largest = torch.log(torch.tensor(values.shape[1], dtype=torch.float64))
    return -torch.xlogy(shares, shares).sum(1) / largest
