"""Bounds on the values of tensors, and the table of what each operation does to them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx

_aten = torch.ops.aten


@dataclass(frozen=True)
class Range:
    """Bounds on the values of a tensor.

    Attributes:
        low: None is less.
        high: None is more.
        logs: Whether they are logarithms of probabilities, products of them, or means of those.
        tight: Whether an end that is infinite is one: nothing that is not known bounds the values
            more narrowly.

    """

    low: float = -math.inf
    high: float = math.inf
    logs: bool = False
    tight: bool = True

    def within(self, low: float, high: float) -> bool:
        """Return whether the values lie between two numbers, up to rounding."""
        return low - 1e-6 <= self.low and self.high <= high + 1e-6

    @property
    def finite(self) -> bool:
        """Whether the values are bounded on both sides."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def is_number(self) -> bool:
        """Whether all values are one and the same."""
        return self.low == self.high

    @property
    def largest(self) -> float:
        """The largest magnitude that a value may have."""
        return max(abs(self.low), abs(self.high))


ANYTHING = Range(tight=False)
"""Of an operation of which nothing is known."""
UNIT = Range(0.0, 1.0)

Bound = Callable[[fx.Node, list[Range]], Range]
"""Returns the bounds of a node's values from those of its arguments, a list's being its union."""

BOUNDS: dict[Any, Bound] = {}


def bound(*names: str) -> Callable[[Bound], Bound]:
    """Register what bounds the results of operations, named as in ATen."""

    def register(function: Bound) -> Bound:
        packets = [getattr(_aten, name) for name in names if hasattr(_aten, name)]
        BOUNDS.update(dict.fromkeys(packets, function))
        return function

    return register


def union(*ranges: Range) -> Range:
    """Return the smallest range that holds some."""
    if not ranges:
        return ANYTHING
    low, high = min(r.low for r in ranges), max(r.high for r in ranges)
    return Range(low, high, all(r.logs for r in ranges), all(r.tight for r in ranges))


def hull(*numbers: float) -> Range:
    """Return the smallest range that holds some numbers; 0 times infinity is taken for 0."""
    known = [0.0 if math.isnan(number) else number for number in numbers]
    return Range(min(known), max(known))


def product(one: Range, other: Range) -> Range:
    """Return the bounds of products of any two values."""
    return hull(*(a * b for a in (one.low, one.high) for b in (other.low, other.high)))


def terms(node: fx.Node, dims: object) -> int | None:
    """Return how many values of a node's first argument are reduced to one, None if not known."""
    source = node.args[0]
    assert isinstance(source, fx.Node)
    shape = source.meta["val"].shape
    axes = [dims] if isinstance(dims, int) else dims
    if not isinstance(axes, list | tuple) or not axes:
        return None
    sizes = [shape[axis] for axis in axes]
    return math.prod(sizes) if all(isinstance(size, int) for size in sizes) else None
