"""Secants of element-wise functions: the Rescale rule."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from camcli.attribution.chunks import chunks
from camcli.attribution.pair import Pair, TensorFunction, with_multiplier


def rescale(function: TensorFunction, x: Pair, reference: Tensor | None = None) -> Pair:
    """Apply an element-wise function by the Rescale rule, multiplier Δy / Δx.

    Where Δx is 0, or so small against x that rounding would drown the quotient, the multiplier is
    the derivative half-way between value and reference.

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
    multiplier = (value - reference) / torch.where(close, torch.ones_like(delta), delta)
    if bool(close.any()):
        multiplier = torch.where(close, derivative(function, x.middle), multiplier)
    return Pair(with_multiplier(value, multiplier, x.value), reference)


class _Relu(torch.autograd.Function):
    """max(0, x) with its Rescale multiplier, computed in the backward pass."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, reference: Tensor) -> Tensor:
        ctx.save_for_backward(x, reference)
        return x.relu()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        x, reference = ctx.saved_tensors
        result = torch.empty_like(grads[0])
        # Of the reference, once and not for every chunk.
        size = reference.abs().clamp_min_(torch.finfo(x.dtype).tiny).expand_as(x)
        height = reference.relu().expand_as(x)
        for some, grad, out, base, foot in chunks(x, grads[0], result, size, height):
            multiplier = some.relu().add_(foot).div_(some.abs().add_(base))
            torch.mul(grad, multiplier, out=out)
        return result, None


def relu(x: Pair, reference: Tensor | None = None) -> Pair:
    """Apply max(0, ·) by the Rescale rule, multiplier Δy / Δx = (y + y₀) / (|x| + |x₀|).

    The two are equal because y = (x + |x|)/2 and |x|² - |x₀|² = x² - x₀². The second cancels
    nowhere, so that it holds up to rounding however small Δx is, and costs a third of the memory
    traffic, which is what the ReLUs of early layers take. Where x = x₀ = 0 the multiplier is 0.
    """
    value: Tensor = _Relu.apply(x.value, x.reference)
    return Pair(value, x.reference.relu() if reference is None else reference)


def _is_close(x: Pair) -> Tensor:
    """Return where Δx is 0 up to rounding, relative to x: no kink at 0 is ever stepped over.

    With ε the dtype's machine epsilon and the threshold ε^(2/3), the quotient's relative rounding
    error and the derivative's truncation error are both below ε^(1/3).
    """
    threshold = torch.finfo(x.value.dtype).eps ** (2 / 3)
    size = torch.maximum(x.value.detach().abs(), x.reference.abs())
    close: Tensor = x.delta.abs() <= threshold * size
    return close


def derivative(function: TensorFunction, x: Tensor) -> Tensor:
    """Return the derivative of an element-wise function at `x`, 0 where it is infinite."""
    with torch.enable_grad():
        point = x.detach().requires_grad_()
        (multiplier,) = torch.autograd.grad(function(point).sum(), point)
    return torch.where(torch.isfinite(multiplier), multiplier, torch.zeros_like(multiplier))
