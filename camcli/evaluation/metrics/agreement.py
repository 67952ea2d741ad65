"""How close two sets of numbers are: coefficients to Shapley values, a map to another map."""

from __future__ import annotations

import torch
from torch import Tensor


def relative_error(found: Tensor, truth: Tensor) -> Tensor:
    """Return ‖found - truth‖₂ / ‖truth‖₂ of each row; 0 is best, 1 is what zeros would score.

    Args:
        found: (B, K).
        truth: (B, K).

    """
    found, truth = found.double(), truth.double()
    error: Tensor = (found - truth).norm(dim=1) / truth.norm(dim=1)
    return error


def scaled_error(found: Tensor, truth: Tensor) -> Tensor:
    """Return the relative error of each row after the factor that makes it smallest.

    √(1 - cos²), or 1 where the cosine is negative: a map is normalised, so that a method is not
    held to the scale of its coefficients, only to their proportions.

    Args:
        found: (B, K).
        truth: (B, K).

    """
    cosine = cosine_similarity(found, truth).clamp(0, 1)
    return (1 - cosine.square()).sqrt()


def cosine_similarity(found: Tensor, truth: Tensor) -> Tensor:
    """Return the cosine of the angle between rows of (B, K); in [-1, 1], higher is closer."""
    return torch.cosine_similarity(found.double(), truth.double(), dim=1)


def rank_correlation(first: Tensor, second: Tensor) -> Tensor:
    """Return Spearman's ρ between rows of (B, n): the correlation of ranks, ties sharing theirs.

    In [-1, 1]; NaN where a row is constant.
    """
    ranks = torch.stack([_ranks(first), _ranks(second)]).double()
    centred = ranks - ranks.mean(-1, keepdim=True)
    covariance = (centred[0] * centred[1]).sum(1)
    spread: Tensor = centred[0].norm(dim=1) * centred[1].norm(dim=1)
    return covariance / spread


def _ranks(values: Tensor) -> Tensor:
    """Return the rank of each value in its row; equal values get the mean of their ranks."""
    ordered = values.sort(dim=1).values.contiguous()
    below = torch.searchsorted(ordered, values.contiguous(), right=False)
    upto = torch.searchsorted(ordered, values.contiguous(), right=True)
    return (below + upto + 1) / 2
