"""Secants: how a function attributes the change of its output to the change of its inputs.

DeepLIFT asks of every operation y = f(x) for slopes s with Δy = Σ s Δx, where Δ is the difference
from the reference. A `Pair` carries a value beside its reference, and every function here returns
the pair of its output with the value exact and the *slopes* in place of the derivatives, so that
ordinary reverse-mode differentiation of a chain of them multiplies slopes: DeepLIFT's chain rule.

All of them are exact: for finite inputs the contributions of the inputs add up to Δy.

Reference: Shrikumar, Greenside, Kundaje, "Learning Important Features Through Propagating
Activation Differences", ICML 2017, arXiv 1704.02685.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from camcli.attribution.parts import parts


@dataclass(frozen=True)
class Pair:
    """A tensor and its value at the reference, whose batch dimension may be 1."""

    value: Tensor
    reference: Tensor

    @property
    def delta(self) -> Tensor:
        """Difference from the reference, without slopes."""
        return self.value.detach() - self.reference

    @property
    def middle(self) -> Tensor:
        """Mean of value and reference, without slopes."""
        return (self.value.detach() + self.reference) / 2


Elementwise = Callable[[Tensor], Tensor]
Top = tuple[Tensor, Tensor]


class _WithSlopes(torch.autograd.Function):
    """The value of one tensor with the slopes of another."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, line: Tensor) -> Tensor:  # noqa: ARG004
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor]:  # noqa: ARG004
        return None, grads[0]


def with_slopes(value: Tensor, line: Tensor) -> Tensor:
    """Return `value`, differentiating like `line`, a tensor of the same shape."""
    result: Tensor = _WithSlopes.apply(value.detach(), line)
    return result


class _Scaled(torch.autograd.Function):
    """The value of one tensor, differentiating like `slope · x`, without computing that."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, slope: Tensor, x: Tensor) -> Tensor:  # noqa: ARG004
        ctx.save_for_backward(slope)
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, None, Tensor]:
        (slope,) = ctx.saved_tensors
        return None, None, grads[0] * slope


def with_slope(value: Tensor, slope: Tensor, x: Tensor) -> Tensor:
    """Return `value`, differentiating element by element with `slope` towards `x`.

    Args:
        value: Without a derivative.
        slope: Of the same shape, constant.
        x: Of the same shape.

    """
    result: Tensor = _Scaled.apply(value, slope, x)
    return result


def linear(function: Elementwise, x: Pair) -> Pair:
    """Apply a function that is affine in `x`: its slope is its derivative."""
    return Pair(function(x.value), function(x.reference))


def rescale(function: Elementwise, x: Pair, reference: Tensor | None = None) -> Pair:
    """Apply an element-wise function by the Rescale rule, slope Δy / Δx.

    Where Δx is 0, or so small against x that rounding would drown the quotient, the slope is the
    derivative half-way between value and reference.

    Args:
        function: Element-wise; may hold parameters that broadcast against x.
        x: Its input.
        reference: The function's value at the reference, where it is known already.

    """
    value = function(x.value.detach())
    if reference is None:
        reference = function(x.reference)
    delta = x.delta
    close = _is_close(x)
    slope = (value - reference) / torch.where(close, torch.ones_like(delta), delta)
    if bool(close.any()):
        slope = torch.where(close, derivative(function, x.middle), slope)
    return Pair(with_slope(value, slope, x.value), reference)


class _Relu(torch.autograd.Function):
    """max(0, x) with the slope from the reference, found in the backward pass."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, reference: Tensor) -> Tensor:
        ctx.save_for_backward(x, reference)
        return x.relu()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        x, reference = ctx.saved_tensors
        result = torch.empty_like(grads[0])
        # Of the reference, once and not for every part.
        size = reference.abs().clamp_min_(torch.finfo(x.dtype).tiny).expand_as(x)
        height = reference.relu().expand_as(x)
        for some, grad, out, base, foot in parts(x, grads[0], result, size, height):
            slope = some.relu().add_(foot).div_(some.abs().add_(base))
            torch.mul(grad, slope, out=out)
        return result, None


def relu(x: Pair, reference: Tensor | None = None) -> Pair:
    """Apply max(0, ·) by the Rescale rule, slope Δy / Δx = (y + y₀) / (|x| + |x₀|).

    The two are equal because y = (x + |x|)/2 and |x|² - |x₀|² = x² - x₀². The second cancels
    nowhere, so that it holds up to rounding however small Δx is, and costs a third of the memory
    traffic, which is what the ReLUs of early layers take. Where x = x₀ = 0 the slope is 0.
    """
    value: Tensor = _Relu.apply(x.value, x.reference)
    return Pair(value, x.reference.relu() if reference is None else reference)


def _is_close(x: Pair) -> Tensor:
    """Tell where Δx is 0 up to rounding: relative to x, so that no kink at 0 is ever stepped over.

    With ε the dtype's machine epsilon and the threshold ε^(2/3), the quotient's relative rounding
    error and the derivative's truncation error are both below ε^(1/3).
    """
    threshold = torch.finfo(x.value.dtype).eps ** (2 / 3)
    size = torch.maximum(x.value.detach().abs(), x.reference.abs())
    close: Tensor = x.delta.abs() <= threshold * size
    return close


def derivative(function: Elementwise, x: Tensor) -> Tensor:
    """Return the derivative of an element-wise function at `x`, 0 where it is infinite."""
    with torch.enable_grad():
        point = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(function(point).sum(), point)
    return torch.where(torch.isfinite(slope), slope, torch.zeros_like(slope))


def product(multiply: Callable[[Tensor, Tensor], Tensor], a: Pair, b: Pair) -> Pair:
    """Apply a bilinear function by the midpoint rule.

    Δ(ab) = Δa (b + b₀)/2 + (a + a₀)/2 Δb, which shares the interaction Δa Δb equally, as Shapley
    values do for a game of two players.
    """
    value = multiply(a.value.detach(), b.value.detach())
    line = multiply(a.value, b.middle) + multiply(a.middle, b.value)
    return Pair(with_slopes(value, line), multiply(a.reference, b.reference))


def times(a: Pair, b: Pair) -> Pair:
    """Multiply element by element, with broadcasting."""
    return product(torch.mul, a, b)


def square(x: Pair) -> Pair:
    """Square element by element; the slope is x + x₀."""
    line = 2 * x.middle * x.value
    return Pair(with_slopes(x.value.detach() ** 2, line), x.reference**2)


def quotient(a: Pair, b: Pair) -> Pair:
    """Divide element by element; the midpoint rule of the product that a division undoes.

    With q = a/b, Δa = Δq (b + b₀)/2 + (q + q₀)/2 Δb, hence Δq = (2 Δa - (q + q₀) Δb) / (b + b₀).
    It stays as large as q where b₀ is all but 0, as a vector's length at an all-zero reference is;
    a · (1/b) would be the difference of two numbers as large as 1/b₀ there. Where b changes its
    sign, which no length does, b + b₀ may vanish, and a · (1/b) is taken.
    """
    value, reference = a.value.detach() / b.value.detach(), a.reference / b.reference
    total, change = b.value.detach() + b.reference, b.value.detach() * b.reference
    keeps_sign = change > 0
    of_a = torch.where(keeps_sign, 2 / total, total / (2 * change))
    of_b = torch.where(keeps_sign, -(value + reference) / total, -a.middle / change)
    return Pair(with_slopes(value, of_a * a.value + of_b * b.value), reference)


class _Picked(torch.autograd.Function):
    """Elements along the last dimension by index, in the memory format of the index.

    The gradient has the format of the elements. `torch.gather` gives both row-major, and what is
    stored channels-last would meet row-major tensors from there on, at a multiple of the time.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(x, places)
        return torch.gather(x, -1, places, out=torch.empty_like(places, dtype=x.dtype))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        x, places = ctx.saved_tensors
        return torch.zeros_like(x).scatter_add_(-1, places, grads[0]), None


def _picked(x: Tensor, places: Tensor) -> Tensor:
    found: Tensor = _Picked.apply(x, places)
    return found


def largest(x: Pair, top: Top, reference_top: Top) -> Pair:
    """Take the largest of sets of elements, as max-pooling does, by the cross-maximum rule.

    Δy belongs to the element that is the largest now where the maximum rose, and to the one that
    was the largest at the reference where it fell. That element's own change is at least Δy, of
    the same sign, so the slope lies in [0, 1]. Elements that are the largest of several
    (overlapping) sets add up their shares.

    Args:
        x: (..., L), the elements.
        top: The largest element of each of S sets (..., S), and int64 its index along L.
        reference_top: The same at the reference, (..., S) or broadcastable.

    Returns:
        The pair of maxima, (..., S).

    """
    value, places = top
    reference, reference_places = reference_top
    chosen = torch.where(value >= reference, places, reference_places)
    now = _picked(x.value, chosen)
    delta = now.detach() - _picked(x.reference.expand_as(x.value), chosen)
    slope = torch.where(delta == 0, 1.0, (value - reference) / delta)
    return Pair(with_slope(value, slope, now), reference)


def log_sum_exp(x: Pair, dim: int) -> Pair:
    """Take log Σ exp along a dimension, kept.

    With p = softmax x, p₀ = softmax x₀ and L the logarithmic mean, L(a, b) = (a - b)/(ln a - ln b),
    the slopes are L(pᵢ, p₀ᵢ) / Σⱼ L(pⱼ, p₀ⱼ). They are exp's and log's Rescale slopes where x and
    x₀ are first shifted to Σ exp = 1, which makes them add up to 1, as the derivatives do: what is
    added to all of x at once, such as the bias of an attention's keys, shifts the result and
    changes no share of it. Nothing overflows.
    """
    value = torch.logsumexp(x.value.detach(), dim, keepdim=True)
    reference = torch.logsumexp(x.reference, dim, keepdim=True)
    slope = torch.softmax(_log_mean_probability(x, dim), dim)
    line = (slope * _finite(x.value)).sum(dim, keepdim=True)
    return Pair(with_slopes(value, line), reference)


def softmax(x: Pair, dim: int) -> Pair:
    """Take the softmax along a dimension: exp of x - log Σ exp x, by the rules of each.

    Entries that are -∞ in value and reference alike (masked attention) have no share.
    """
    probabilities = torch.softmax(x.value.detach(), dim)
    reference = torch.softmax(x.reference, dim)
    logarithm = log_sum_exp(x, dim).value
    slope = _log_mean_probability(x, dim).exp()
    line = slope * (_finite(x.value) - logarithm)
    return Pair(with_slopes(probabilities, line), reference)


def log_softmax(x: Pair, dim: int) -> Pair:
    """Take the logarithm of the softmax along a dimension."""
    total = log_sum_exp(x, dim)
    return Pair(x.value - total.value, x.reference - total.reference)


def _finite(x: Tensor) -> Tensor:
    """Replace -∞, whose slope is 0, by 0, since 0 · ∞ is not a number."""
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
