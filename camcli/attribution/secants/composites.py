"""Secants of what is composed of others: normalisation and attention."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from camcli.attribution.pair import Pair, linear
from camcli.attribution.secants.elementwise import rescale
from camcli.attribution.secants.exponentials import softmax
from camcli.attribution.secants.products import product, quotient, square


def normalized(x: Pair, dims: Sequence[int], epsilon: float, centre: bool = True) -> Pair:
    """Divide by the root of the mean square over `dims`, after taking the mean off.

    (x - μ) / √(σ² + ε), as in layer and group normalisation; without `centre`, RMS normalisation.
    A quotient, because at an all-zero reference the root is √ε, whose reciprocal is no share.
    """
    if centre:
        x = linear(lambda t: t - t.mean(tuple(dims), keepdim=True), x)
    variance = linear(lambda t: t.mean(tuple(dims), keepdim=True) + epsilon, square(x))
    return quotient(x, rescale(torch.sqrt, variance))


def attention(query: Pair, key: Pair, value: Pair, mask: Tensor | None, scale: float) -> Pair:
    """Scaled dot-product attention, softmax(q kᵀ · scale + mask) v.

    Args:
        query: (..., L, E).
        key: (..., S, E).
        value: (..., S, V).
        mask: Added to the scores, broadcastable to (..., L, S); constant.
        scale: Usually 1/√E.

    """
    scores = product(torch.matmul, query, linear(lambda t: t.transpose(-2, -1), key))
    shift = 0.0 if mask is None else mask
    weights = softmax(linear(lambda t: t * scale + shift, scores), -1)
    return product(torch.matmul, weights, value)
