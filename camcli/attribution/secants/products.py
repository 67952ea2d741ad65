"""Secants of products and of what is made of them: the midpoint rule."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from camcli.attribution.pair import Pair, with_multipliers


def product(multiply: Callable[[Tensor, Tensor], Tensor], a: Pair, b: Pair) -> Pair:
    """Apply a bilinear function by the midpoint rule.

    Δ(ab) = Δa (b + b₀)/2 + (a + a₀)/2 Δb, which shares the interaction Δa Δb equally, as Shapley
    values do for a game of two players.
    """
    value = multiply(a.value.detach(), b.value.detach())
    line = multiply(a.value, b.middle) + multiply(a.middle, b.value)
    return Pair(with_multipliers(value, line), multiply(a.reference, b.reference))


def times(a: Pair, b: Pair) -> Pair:
    """Multiply element by element, with broadcasting."""
    return product(torch.mul, a, b)


def square(x: Pair) -> Pair:
    """Square element by element; the multiplier is x + x₀."""
    line = 2 * x.middle * x.value
    return Pair(with_multipliers(x.value.detach() ** 2, line), x.reference**2)


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
    return Pair(with_multipliers(value, of_a * a.value + of_b * b.value), reference)
