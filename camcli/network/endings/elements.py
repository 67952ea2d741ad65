"""Bounds of operations that compute each value on its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import fx

from camcli.network.endings.bounds import ANYTHING, UNIT, Range, bound, hull, product, union
from camcli.network.nodes import packet_of

_aten = torch.ops.aten


def _exponential(number: float) -> float:
    return math.exp(number) if number < 700 else math.inf


def _logarithm(number: float) -> float:
    if number <= 0:
        return -math.inf
    return math.log(number) if math.isfinite(number) else math.inf


def _power(base: float, exponent: float) -> float:
    """Return base^exponent of a base of at least 0, infinite where it is too large or divides 0."""
    try:
        return float(base**exponent)
    except (OverflowError, ZeroDivisionError):
        return math.inf


def _softplus(number: float) -> float:
    return max(number, 0.0) + math.log1p(math.exp(-abs(number)))


def _root(number: float) -> float:
    return math.sqrt(max(number, 0.0))


_RISING: dict[str, Callable[[float], float]] = {
    "exp": _exponential,
    "exp2": lambda number: _exponential(number * math.log(2)),
    "expm1": lambda number: _exponential(number) - 1,
    "sqrt": _root,
    "relu": lambda number: max(number, 0.0),
    "softplus": _softplus,
    "erf": math.erf,
    "atan": math.atan,
    "log1p": lambda number: _logarithm(1 + number),
    "floor": lambda number: math.floor(number) if math.isfinite(number) else number,
    "ceil": lambda number: math.ceil(number) if math.isfinite(number) else number,
    "round": lambda number: round(number) if math.isfinite(number) else number,
}
"""Functions that never fall: the ends of what goes in become those of what comes out."""


def _rising(function: Callable[[float], float]) -> Callable[[fx.Node, list[Range]], Range]:
    def bounded(node: fx.Node, inputs: list[Range]) -> Range:
        if len(node.args) > 1 or node.kwargs:  # softplus of another slope, rounding to digits
            return ANYTHING
        return Range(function(inputs[0].low), function(inputs[0].high))

    return bounded


for _name, _function in _RISING.items():
    bound(_name)(_rising(_function))


@bound("sigmoid", "softmax", "_softmax", "hardsigmoid")
def _unit(_node: fx.Node, _inputs: list[Range]) -> Range:
    return UNIT


@bound("log_softmax", "_log_softmax", "log_sigmoid", "log_sigmoid_forward")
def _logarithms(_node: fx.Node, _inputs: list[Range]) -> Range:
    return Range(high=0.0, logs=True)


@bound("tanh", "sin", "cos", "sign", "softsign")
def _minus_one_to_one(_node: fx.Node, _inputs: list[Range]) -> Range:
    return Range(-1.0, 1.0)


@bound("leaky_relu", "elu", "gelu", "silu", "hardswish", "mish")
def _rectified(node: fx.Node, inputs: list[Range]) -> Range:
    """Bound what lies between its input and 0."""
    slope = node.args[1] if len(node.args) > 1 else 0.0
    if not isinstance(slope, int | float) or slope > 1:
        return ANYTHING
    return Range(min(inputs[0].low, 0.0), max(inputs[0].high, 0.0))


@bound("maximum")
def _larger(_node: fx.Node, inputs: list[Range]) -> Range:
    return larger(*inputs[:2])


@bound("minimum")
def _smaller(_node: fx.Node, inputs: list[Range]) -> Range:
    return smaller(*inputs[:2])


def larger(one: Range, other: Range) -> Range:
    """Return the bounds of the larger of two values."""
    return replace(union(one, other), low=max(one.low, other.low))


def smaller(one: Range, other: Range) -> Range:
    """Return the bounds of the smaller of two values."""
    return replace(union(one, other), high=min(one.high, other.high))


@bound("where")
def _chosen(_node: fx.Node, inputs: list[Range]) -> Range:
    return union(*inputs[1:3])


@bound("masked_fill")
def _filled(_node: fx.Node, inputs: list[Range]) -> Range:
    return union(inputs[0], inputs[2])


@bound("lerp")
def _between(_node: fx.Node, inputs: list[Range]) -> Range:
    return union(*inputs[:2]) if inputs[2].within(0.0, 1.0) else ANYTHING


@bound("add")
def _add(node: fx.Node, inputs: list[Range]) -> Range:
    one, other = inputs[:2]
    if node.kwargs.get("alpha", 1) != 1:
        return ANYTHING
    # Adding a number to a logarithm is scaling the probability.
    logs = (one.logs or one.is_number) and (other.logs or other.is_number)
    return Range(one.low + other.low, one.high + other.high, logs and (one.logs or other.logs))


@bound("sub")
def _sub(node: fx.Node, inputs: list[Range]) -> Range:
    one, other = inputs[:2]
    if node.kwargs.get("alpha", 1) != 1 or len(inputs) > 2:
        return ANYTHING
    return Range(one.low - other.high, one.high - other.low, one.logs and other.is_number)


@bound("rsub")
def _rsub(node: fx.Node, inputs: list[Range]) -> Range:
    return _sub(node, [inputs[1], inputs[0], *inputs[2:]])


@bound("neg")
def _neg(_node: fx.Node, inputs: list[Range]) -> Range:
    return Range(-inputs[0].high, -inputs[0].low)


@bound("mul")
def _mul(node: fx.Node, inputs: list[Range]) -> Range:
    one, other = inputs[:2]
    if node.args[0] is node.args[1]:
        return _square(node, inputs)
    logs = (one.logs and other.low > 0) or (other.logs and one.low > 0)
    return replace(product(one, other), logs=logs)


@bound("div", "true_divide")
def _div(node: fx.Node, inputs: list[Range]) -> Range:
    one, other = inputs[:2]
    if other.low <= 0 or node.kwargs:
        return ANYTHING
    found = product(one, Range(1 / other.high, 1 / other.low))
    return replace(found, logs=one.logs)


@bound("reciprocal")
def _reciprocal(_node: fx.Node, inputs: list[Range]) -> Range:
    return Range(1 / inputs[0].high, _power(inputs[0].low, -1)) if inputs[0].low >= 0 else ANYTHING


@bound("rsqrt")
def _rsqrt(_node: fx.Node, inputs: list[Range]) -> Range:
    low = max(inputs[0].low, 0.0)
    return Range(_power(inputs[0].high, -0.5), _power(low, -0.5))


@bound("abs")
def _abs(_node: fx.Node, inputs: list[Range]) -> Range:
    least = max(inputs[0].low, -inputs[0].high, 0.0)
    return Range(least, inputs[0].largest)


@bound("square")
def _square(node: fx.Node, inputs: list[Range]) -> Range:
    magnitudes = _abs(node, inputs)
    return Range(magnitudes.low * magnitudes.low, magnitudes.high * magnitudes.high)


@bound("pow")
def _pow(node: fx.Node, inputs: list[Range]) -> Range:
    base, exponent = inputs[:2]
    if base.low < 0:
        if not (exponent.is_number and exponent.low > 0 and exponent.low % 2 == 0):
            return ANYTHING
        base = _abs(node, inputs)  # to an even power
    ends = (exponent.low, exponent.high)
    return hull(*(_power(b, e) for b in (base.low, base.high) for e in ends))


@bound("log")
def _log(_node: fx.Node, inputs: list[Range]) -> Range:
    low, high = _logarithm(inputs[0].low), _logarithm(inputs[0].high)
    return Range(low, high, logs=inputs[0].within(0.0, 1.0))


@bound("logit")
def _logit(_node: fx.Node, _inputs: list[Range]) -> Range:
    return Range()


@bound("clamp", "clamp_min", "clamp_max", "hardtanh", "relu6")
def _clamp(node: fx.Node, inputs: list[Range]) -> Range:
    limits = _limits(node)
    if limits is None:
        return ANYTHING
    floor, ceiling = limits
    low = min(max(inputs[0].low, floor), ceiling)
    high = min(max(inputs[0].high, floor), ceiling)
    return Range(low, high, inputs[0].logs)


def _limits(node: fx.Node) -> tuple[float, float] | None:
    """Return the numbers between which a node clamps, None where they are tensors."""
    packet, given = packet_of(node), [*node.args[1:], *node.kwargs.values()]
    if node.kwargs or any(isinstance(limit, fx.Node) for limit in given):
        return None
    if packet is _aten.clamp_max:
        given = [None, *given]
    if packet is _aten.hardtanh:
        given += [-1.0, 1.0][len(given) :]
    if packet is _aten.relu6:
        given = [0.0, 6.0]
    low, high = (*given, None, None)[:2]
    return (
        float(low) if isinstance(low, int | float) else -math.inf,
        float(high) if isinstance(high, int | float) else math.inf,
    )
