"""The lasso: least squares with a penalty on the coefficients' sizes, for a batch of problems."""

from __future__ import annotations

import torch
from torch import Tensor

_MOST_SWEEPS = 1000
_TOLERANCE = 1e-7


def lasso(features: Tensor, values: Tensor, weights: Tensor, penalty: float) -> Tensor:
    """Return the β that minimises Σ_m p_m (y_m - β₀ - x_m · β)² / 2 + penalty · Σ|β_k|.

    p are the weights divided by their sum, β₀ a free intercept. Solved by cyclic coordinate
    descent; a problem that has converged is left alone, so that its solution does not depend on
    the others.

    Friedman, Hastie, Tibshirani, "Regularization Paths for Generalized Linear Models via Coordinate
    Descent", Journal of Statistical Software 33, 2010.

    Args:
        features: (B, M, K), x.
        values: (B, M), y.
        weights: (B, M), positive.
        penalty: Not negative.

    Returns:
        float64 (B, K).

    """
    x, y = features.double(), values.double()
    p = (weights / weights.sum(1, keepdim=True)).double()
    x = x - torch.einsum("bm,bmk->bk", p, x)[:, None]
    y = y - (p * y).sum(1, keepdim=True)
    gram = torch.einsum("bm,bmi,bmj->bij", p, x, x)
    correlation = torch.einsum("bm,bmk,bm->bk", p, x, y)
    return _descend(gram, correlation, penalty)


def _descend(gram: Tensor, correlation: Tensor, penalty: float) -> Tensor:
    """Minimise β·Gβ/2 - c·β + penalty·Σ|β|, keeping c - Gβ up to date as β changes."""
    beta = torch.zeros_like(correlation)
    residual = correlation.clone()
    curvature = gram.diagonal(dim1=1, dim2=2)
    moving = torch.ones_like(correlation[:, 0], dtype=torch.bool)
    for _ in range(_MOST_SWEEPS):
        before = beta.clone()
        for k in range(beta.shape[1]):
            aim = residual[:, k] + curvature[:, k] * beta[:, k]
            shrunk = aim.sign() * (aim.abs() - penalty).clamp_min(0)
            best = torch.where(curvature[:, k] > 0, shrunk / curvature[:, k], 0.0)
            step = torch.where(moving, best - beta[:, k], 0.0)
            beta[:, k] += step
            residual -= gram[:, :, k] * step[:, None]
        change = (beta - before).abs().amax(1)
        moving = moving & (change > _TOLERANCE * beta.abs().amax(1))
        if not bool(moving.any()):
            break
    return beta
