"""A value beside its reference, and how multipliers take the place of its derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

TensorFunction = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Pair:
    """A tensor and its value at the reference, whose batch dimension may be 1."""

    value: Tensor
    reference: Tensor

    @property
    def delta(self) -> Tensor:
        """Difference from the reference, without a derivative."""
        return self.value.detach() - self.reference

    @property
    def middle(self) -> Tensor:
        """Mean of value and reference, without a derivative."""
        return (self.value.detach() + self.reference) / 2


class _WithMultipliers(torch.autograd.Function):
    """The value of one tensor with the derivatives of another."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, line: Tensor) -> Tensor:  # noqa: ARG004
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor]:  # noqa: ARG004
        return None, grads[0]


def with_multipliers(value: Tensor, line: Tensor) -> Tensor:
    """Return `value`, differentiating like `line`, a tensor of the same shape."""
    result: Tensor = _WithMultipliers.apply(value.detach(), line)
    return result


class _Scaled(torch.autograd.Function):
    """The value of one tensor, differentiating like `multiplier · x`, without computing that."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, multiplier: Tensor, x: Tensor) -> Tensor:  # noqa: ARG004
        ctx.save_for_backward(multiplier)
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, None, Tensor]:
        (multiplier,) = ctx.saved_tensors
        return None, None, grads[0] * multiplier


def with_multiplier(value: Tensor, multiplier: Tensor, x: Tensor) -> Tensor:
    """Return `value`, differentiating element by element with `multiplier` towards `x`.

    Args:
        value: Without a derivative.
        multiplier: Of the same shape, constant.
        x: Of the same shape.

    """
    result: Tensor = _Scaled.apply(value, multiplier, x)
    return result


def linear(function: TensorFunction, x: Pair) -> Pair:
    """Apply a function that is affine in `x`: its multiplier is its derivative."""
    return Pair(function(x.value), function(x.reference))
