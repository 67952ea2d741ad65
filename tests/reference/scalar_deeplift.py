"""DeepLIFT on single numbers, slow and obvious, from the definitions alone.

A `Number` holds a value, its value at the reference, and the multiplier of every input it came
from, so that value - reference = Σ multiplier (input - input's reference). Multipliers are carried
forward, in Python floats; nothing is shared with the code that is tested, which differentiates
backward over tensors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

Function = Callable[[float], float]


@dataclass(frozen=True)
class Number:
    value: float
    reference: float
    multipliers: dict[int, float] = field(default_factory=dict)

    @property
    def delta(self) -> float:
        return self.value - self.reference

    def scaled(self, factor: float) -> dict[int, float]:
        return {key: factor * multiplier for key, multiplier in self.multipliers.items()}

    def __add__(self, other: Number | float) -> Number:
        b = as_number(other)
        multipliers = dict(self.multipliers)
        for key, multiplier in b.multipliers.items():
            multipliers[key] = multipliers.get(key, 0.0) + multiplier
        return Number(self.value + b.value, self.reference + b.reference, multipliers)

    __radd__ = __add__

    def __neg__(self) -> Number:
        return Number(-self.value, -self.reference, self.scaled(-1.0))

    def __sub__(self, other: Number | float) -> Number:
        return self + -as_number(other)

    def __mul__(self, other: Number | float) -> Number:
        """The Shapley values of the two-player game a b: each factor first, each factor last."""
        a, b = self, as_number(other)
        of_a = 0.5 * (b.reference + b.value)
        of_b = 0.5 * (a.reference + a.value)
        multipliers = Number(0.0, 0.0, a.scaled(of_a)) + Number(0.0, 0.0, b.scaled(of_b))
        return Number(a.value * b.value, a.reference * b.reference, multipliers.multipliers)

    __rmul__ = __mul__

    def __truediv__(self, other: Number) -> Number:
        """The quotient q for which the product q other has this number's multipliers."""
        value, reference = self.value / other.value, self.reference / other.reference
        of_other = 0.5 * (value + reference)
        rest = Number(0.0, 0.0, self.multipliers) - Number(0.0, 0.0, other.scaled(of_other))
        of_quotient = 0.5 * (other.value + other.reference)
        return Number(value, reference, rest.scaled(1.0 / of_quotient))


def as_number(x: Number | float) -> Number:
    return x if isinstance(x, Number) else Number(float(x), float(x))


def inputs(values: Sequence[float], references: Sequence[float]) -> list[Number]:
    """Number the inputs of a computation from 0."""
    pairs = zip(values, references, strict=True)
    return [Number(v, r, {index: 1.0}) for index, (v, r) in enumerate(pairs)]


def rescale(function: Function, x: Number) -> Number:
    """Δy / Δx; the derivative by central differences where Δx is no more than rounding."""
    value, reference = function(x.value), function(x.reference)
    if abs(x.delta) > 1e-12:
        multiplier = (value - reference) / x.delta
    else:
        step = 1e-6 * max(1.0, abs(x.value))
        multiplier = (function(x.value + step) - function(x.value - step)) / (2 * step)
    return Number(value, reference, x.scaled(multiplier))


def largest(numbers: Sequence[Number]) -> Number:
    """Give Δy to what is the largest now if the maximum rose, else to what was the largest."""
    now = max(numbers, key=lambda n: n.value)
    then = max(numbers, key=lambda n: n.reference)
    value, reference = now.value, then.reference
    chosen = now if value >= reference else then
    multiplier = (value - reference) / chosen.delta if chosen.delta else 1.0
    return Number(value, reference, chosen.scaled(multiplier))


def total(numbers: Iterable[Number]) -> Number:
    return sum(numbers, Number(0.0, 0.0))


def mean(numbers: Sequence[Number]) -> Number:
    return total(numbers) * (1.0 / len(numbers))


def dot(a: Sequence[Number | float], b: Sequence[Number | float]) -> Number:
    return total(as_number(x) * y for x, y in zip(a, b, strict=True))


def softmax(numbers: Sequence[Number]) -> list[Number]:
    """exp of the logarithm, each by its rule."""
    return [rescale(math.exp, y) for y in log_softmax(numbers)]


def log_softmax(numbers: Sequence[Number]) -> list[Number]:
    logarithm = log_sum_exp(numbers)
    return [x - logarithm for x in numbers]


def log_sum_exp(numbers: Sequence[Number]) -> Number:
    """log Σ exp(x - c) + c, with the c that makes the sum 1, now and at the reference.

    Σ exp(x - c) does not change at all then, and the exponentials' Rescale multipliers s say so:
    0 = Σ s (Δx - Δc), hence Δc = Σ s Δx / Σ s.
    """
    value = math.log(math.fsum(math.exp(x.value) for x in numbers))
    reference = math.log(math.fsum(math.exp(x.reference) for x in numbers))
    shifted = [Number(x.value - value, x.reference - reference, {0: 1.0}) for x in numbers]
    shares = [rescale(math.exp, x).multipliers[0] for x in shifted]
    weighed = total(x * (s / math.fsum(shares)) for x, s in zip(numbers, shares, strict=True))
    return Number(value, reference, weighed.multipliers)


def normalized(numbers: Sequence[Number], epsilon: float, centre: bool = True) -> list[Number]:
    """Over the root of the mean square, after the mean is taken off."""
    if centre:
        average = mean(numbers)
        numbers = [x - average for x in numbers]
    variance = mean([x * x for x in numbers]) + epsilon
    deviation = rescale(math.sqrt, variance)
    return [x / deviation for x in numbers]


def attention(
    queries: Sequence[Sequence[Number]],
    keys: Sequence[Sequence[Number]],
    values: Sequence[Sequence[Number]],
    allowed: Callable[[int, int], bool],
) -> list[list[Number]]:
    """softmax(q k / √E) v, for lists of vectors; key j is seen by query i where it is allowed."""
    scale = len(queries[0]) ** -0.5
    found = []
    for i, query in enumerate(queries):
        seen = [j for j in range(len(keys)) if allowed(i, j)]
        weights = softmax([dot(query, keys[j]) * scale for j in seen])
        columns = zip(*(values[j] for j in seen), strict=True)
        found.append([dot(weights, column) for column in columns])
    return found
