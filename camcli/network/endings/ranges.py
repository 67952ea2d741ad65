"""Between which numbers the values at a node must lie, as far as its operations bound them."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, fx

from camcli.network.nodes import packet_of

_aten = torch.ops.aten


@dataclass(frozen=True)
class Range:
    """Bounds on the values of a tensor.

    Attributes:
        low: None is less.
        high: None is more.
        logs: Whether they are logarithms of probabilities, products of them, or means of those.

    """

    low: float = -math.inf
    high: float = math.inf
    logs: bool = False

    def within(self, low: float, high: float) -> bool:
        """Return whether the values lie between two numbers, up to rounding."""
        return low - 1e-6 <= self.low and self.high <= high + 1e-6

    @property
    def finite(self) -> bool:
        """Whether the values are bounded on both sides."""
        return math.isfinite(self.low) and math.isfinite(self.high)


ANYTHING = Range()
UNIT = Range(0.0, 1.0)
Bound = Callable[[fx.Node, list[Range]], Range]
_BOUNDS: dict[Any, Bound] = {}


def _bound(*names: str) -> Callable[[Bound], Bound]:
    """Register what bounds the results of operations, named as in ATen."""

    def register(bound: Bound) -> Bound:
        _BOUNDS.update({getattr(_aten, name): bound for name in names})
        return bound

    return register


def range_of(module: fx.GraphModule, node: fx.Node) -> Range:
    """Return the bounds of a node's values; `ANYTHING` where an operation is not known to bound."""
    if node.op == "get_attr":
        return _range_of_constant(module, node)
    bound = _BOUNDS.get(packet_of(node))
    if bound is None:
        return ANYTHING
    return bound(node, [_range_of_argument(module, argument) for argument in node.args])


def _range_of_argument(module: fx.GraphModule, argument: object) -> Range:
    if isinstance(argument, fx.Node):
        return range_of(module, argument)
    if isinstance(argument, bool | int | float):
        return Range(float(argument), float(argument))
    if isinstance(argument, list | tuple):
        return _union([_range_of_argument(module, one) for one in argument])
    return ANYTHING


def _range_of_constant(module: fx.GraphModule, node: fx.Node) -> Range:
    value = operator.attrgetter(str(node.target))(module)
    if not isinstance(value, Tensor) or value.numel() == 0 or value.is_complex():
        return ANYTHING
    return Range(float(value.detach().min()), float(value.detach().max()))


def _union(ranges: list[Range]) -> Range:
    if not ranges:
        return ANYTHING
    low, high = min(r.low for r in ranges), max(r.high for r in ranges)
    return Range(low, high, all(r.logs for r in ranges))


def _hull(*numbers: float) -> Range:
    """Return the smallest range that holds some numbers; 0 times infinity is taken for 0."""
    known = [0.0 if math.isnan(number) else number for number in numbers]
    return Range(min(known), max(known))


@_bound("sigmoid", "softmax", "_softmax", "hardsigmoid")
def _unit(_node: fx.Node, _inputs: list[Range]) -> Range:
    return UNIT


@_bound("log_softmax", "_log_softmax", "log_sigmoid", "log_sigmoid_forward")
def _logarithms(_node: fx.Node, _inputs: list[Range]) -> Range:
    return Range(high=0.0, logs=True)


@_bound("tanh")
def _tanh(_node: fx.Node, _inputs: list[Range]) -> Range:
    return Range(-1.0, 1.0)


@_bound(
    "view", "_unsafe_view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "permute",
    "transpose", "t", "select", "slice", "index", "index_select", "gather", "narrow", "expand",
    "repeat", "flip", "contiguous", "clone", "alias", "detach", "to", "_to_copy", "type_as",
    "dropout", "mean", "amax", "amin", "adaptive_avg_pool2d", "unbind", "chunk", "split",
    "split_with_sizes", "movedim", "roll", "median", "nanmedian", "sort", "topk", "kthvalue",
    "mode", "cummax", "cummin", "max_pool2d", "adaptive_max_pool2d", "avg_pool2d",
)  # fmt: skip
def _same(_node: fx.Node, inputs: list[Range]) -> Range:
    return inputs[0]


_BOUNDS[operator.getitem] = _same  # of what was split


@_bound("stack", "cat", "concat")
def _any_of_a_list(_node: fx.Node, inputs: list[Range]) -> Range:
    return inputs[0]  # of the list, the union


@_bound("maximum", "minimum", "fmax", "fmin", "lerp", "masked_fill")
def _either(node: fx.Node, inputs: list[Range]) -> Range:
    """Bound what lies between two tensors; `lerp` does, where its weight is a share."""
    if packet_of(node) is _aten.lerp and not inputs[2].within(0.0, 1.0):
        return ANYTHING
    if packet_of(node) is _aten.masked_fill:
        return _union([inputs[0], inputs[2]])
    return _union(inputs[:2])


@_bound("max", "min")
def _extreme(node: fx.Node, inputs: list[Range]) -> Range:
    """Bound an extreme over a dimension, or of two tensors."""
    of_two = len(node.args) > 1 and isinstance(node.args[1], fx.Node)
    return _union(inputs[:2]) if of_two else inputs[0]


@_bound("where")
def _chosen(_node: fx.Node, inputs: list[Range]) -> Range:
    return _union(inputs[1:3])


@_bound("sum")
def _sum(node: fx.Node, inputs: list[Range]) -> Range:
    """Bound a sum over dimensions of known size."""
    source = node.args[0]
    assert isinstance(source, fx.Node)
    shape, dims = source.meta["val"].shape, node.args[1] if len(node.args) > 1 else None
    if not isinstance(dims, list | tuple) or not all(isinstance(shape[d], int) for d in dims):
        return ANYTHING
    terms = math.prod(shape[d] for d in dims)
    low, high, logs = inputs[0].low, inputs[0].high, inputs[0].logs
    return Range(low * terms, high * terms, logs)


@_bound("add")
def _add(node: fx.Node, inputs: list[Range]) -> Range:
    one, other = inputs[:2]
    if node.kwargs.get("alpha", 1) != 1:
        return ANYTHING
    logs = all(r.logs or r.low == r.high == 0 for r in (one, other)) and (one.logs or other.logs)
    return Range(one.low + other.low, one.high + other.high, logs)


@_bound("sub")
def _sub(node: fx.Node, inputs: list[Range]) -> Range:
    one, other = inputs[:2]
    if node.kwargs.get("alpha", 1) != 1 or len(inputs) > 2:
        return ANYTHING
    return Range(one.low - other.high, one.high - other.low)


@_bound("rsub")
def _rsub(node: fx.Node, inputs: list[Range]) -> Range:
    return _sub(node, [inputs[1], inputs[0], *inputs[2:]])


@_bound("neg")
def _neg(_node: fx.Node, inputs: list[Range]) -> Range:
    return Range(-inputs[0].high, -inputs[0].low)


@_bound("mul")
def _mul(_node: fx.Node, inputs: list[Range]) -> Range:
    one, other = inputs[:2]
    found = _hull(*(a * b for a in (one.low, one.high) for b in (other.low, other.high)))
    logs = (one.logs and other.low > 0) or (other.logs and one.low > 0)
    return replace(found, logs=logs)


@_bound("div", "true_divide")
def _div(node: fx.Node, inputs: list[Range]) -> Range:
    one, other = inputs[:2]
    if other.low <= 0 or node.kwargs:
        return ANYTHING
    return _mul(node, [one, Range(1 / other.high, 1 / other.low)])


@_bound("prod", "cumprod")
def _product(_node: fx.Node, inputs: list[Range]) -> Range:
    return UNIT if inputs[0].within(0.0, 1.0) else ANYTHING


@_bound("abs")
def _abs(_node: fx.Node, inputs: list[Range]) -> Range:
    low, high = inputs[0].low, inputs[0].high
    least = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    return Range(least, max(abs(low), abs(high)))


@_bound("square")
def _square(node: fx.Node, inputs: list[Range]) -> Range:
    magnitude = _abs(node, inputs)
    return Range(magnitude.low**2, magnitude.high**2)


@_bound("sqrt")
def _sqrt(_node: fx.Node, inputs: list[Range]) -> Range:
    return Range(math.sqrt(max(inputs[0].low, 0.0)), math.sqrt(max(inputs[0].high, 0.0)))


@_bound("pow")
def _pow(node: fx.Node, inputs: list[Range]) -> Range:
    """Bound a power whose exponent is a number above 0, of a base that is none below."""
    exponent = node.args[1]
    if not isinstance(exponent, int | float) or exponent <= 0:
        return ANYTHING
    if exponent == 2:
        return _square(node, inputs)
    if inputs[0].low < 0:
        return ANYTHING
    return Range(inputs[0].low ** float(exponent), inputs[0].high ** float(exponent))


@_bound("sin", "cos", "erf")
def _unit_either_side(_node: fx.Node, _inputs: list[Range]) -> Range:
    return Range(-1.0, 1.0)


@_bound("expm1")
def _expm1(node: fx.Node, inputs: list[Range]) -> Range:
    found = _exp(node, inputs)
    return Range(found.low - 1, found.high - 1)


@_bound("relu")
def _relu(_node: fx.Node, inputs: list[Range]) -> Range:
    return Range(max(0.0, inputs[0].low), max(0.0, inputs[0].high))


@_bound("exp")
def _exp(_node: fx.Node, inputs: list[Range]) -> Range:
    return Range(_exponential(inputs[0].low), _exponential(inputs[0].high))


def _exponential(number: float) -> float:
    return math.exp(number) if number < 700 else math.inf


@_bound("log")
def _log(_node: fx.Node, inputs: list[Range]) -> Range:
    low, high = (math.log(n) if n > 0 else -math.inf for n in (inputs[0].low, inputs[0].high))
    return Range(low, high, logs=inputs[0].within(0.0, 1.0))


@_bound("clamp", "clamp_min", "clamp_max", "hardtanh")
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
    low, high = (*given, None, None)[:2]
    return (
        float(low) if isinstance(low, int | float) else -math.inf,
        float(high) if isinstance(high, int | float) else math.inf,
    )
