"""Secants of log Σ exp and the softmax, by the logarithmic mean."""

from __future__ import annotations

import torch
from torch import Tensor

from camcli.attribution.pair import Pair, with_multipliers


def log_sum_exp(x: Pair, dim: int) -> Pair:
    """Take log Σ exp along a dimension, kept.

    With p = softmax x, p₀ = softmax x₀ and L the logarithmic mean, L(a, b) = (a - b)/(ln a - ln b),
    the multipliers are L(pᵢ, p₀ᵢ) / Σⱼ L(pⱼ, p₀ⱼ). They are exp's and log's Rescale multipliers
    where x and x₀ are first shifted to Σ exp = 1, which makes them add up to 1, as the derivatives
    do: what is added to all of x at once, such as the bias of an attention's keys, shifts the
    result and changes no multiplier. Nothing overflows.
    """
    value = torch.logsumexp(x.value.detach(), dim, keepdim=True)
    reference = torch.logsumexp(x.reference, dim, keepdim=True)
    multiplier = torch.softmax(_log_mean_probability(x, dim), dim)
    line = (multiplier * _finite(x.value)).sum(dim, keepdim=True)
    return Pair(with_multipliers(value, line), reference)


def softmax(x: Pair, dim: int) -> Pair:
    """Take the softmax along a dimension: exp of x - log Σ exp x, by the rules of each.

    Entries that are -∞ in value and reference alike (masked attention) have no share.
    """
    probabilities = torch.softmax(x.value.detach(), dim)
    reference = torch.softmax(x.reference, dim)
    logarithm = log_sum_exp(x, dim).value
    multiplier = _log_mean_probability(x, dim).exp()
    line = multiplier * (_finite(x.value) - logarithm)
    return Pair(with_multipliers(probabilities, line), reference)


def log_softmax(x: Pair, dim: int) -> Pair:
    """Take the logarithm of the softmax along a dimension."""
    total = log_sum_exp(x, dim)
    return Pair(x.value - total.value, x.reference - total.reference)


def _finite(x: Tensor) -> Tensor:
    """Replace -∞, whose multiplier is 0, by 0, since 0 · ∞ is not a number."""
    return torch.where(torch.isinf(x), torch.zeros_like(x), x)


def _log_mean_probability(x: Pair, dim: int) -> Tensor:
    """Return ln L(p, p₀) of the softmax now and at the reference."""
    return _log_logarithmic_mean(
        torch.log_softmax(x.value.detach(), dim), torch.log_softmax(x.reference, dim)
    )


def _log_logarithmic_mean(log_a: Tensor, log_b: Tensor) -> Tensor:
    """Return ln L(a, b) from the logarithms of a and b: their mean + ln(sinh z / z), z = half gap.

    For small z the second term is z²/6 up to z⁴/180, which is below rounding where it is used.
    """
    both_absent = torch.isinf(log_a) & torch.isinf(log_b)
    mean = (log_a + log_b) / 2
    half = ((log_a - log_b) / 2).abs()
    half = torch.where(both_absent | torch.isinf(half), torch.zeros_like(half), half)
    tiny = half < torch.finfo(half.dtype).eps ** 0.25
    safe = torch.where(tiny, torch.ones_like(half), half)
    log_sinhc = safe + torch.log(-torch.expm1(-2 * safe)) - torch.log(2 * safe)
    return mean + torch.where(tiny, half**2 / 6, log_sinhc)
