"""Bounds of operations that move, pick or reduce values."""

from __future__ import annotations

import math
import operator

from torch import fx

from camcli.network.endings.bounds import (
    ANYTHING,
    BOUNDS,
    Range,
    bound,
    hull,
    product,
    terms,
    union,
)
from camcli.network.endings.elements import larger, smaller
from camcli.network.nodes import shape_of


@bound(
    "view", "_unsafe_view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "permute",
    "transpose", "t", "select", "slice", "index", "index_select", "gather", "take_along_dim",
    "narrow", "expand", "repeat", "tile", "flip", "contiguous", "clone", "alias", "detach", "to",
    "_to_copy", "type_as", "dropout", "feature_dropout", "unbind", "chunk", "split",
    "split_with_sizes", "movedim", "swapaxes", "roll", "diagonal", "expand_as", "view_as",
    "lift_fresh_copy", "numpy_T", "unfold",
)  # fmt: skip
def _same(_node: fx.Node, inputs: list[Range]) -> Range:
    return inputs[0]


@bound(
    "mean", "amax", "amin", "median", "nanmedian", "mode", "kthvalue", "topk", "sort", "msort",
    "cummax", "cummin", "quantile", "nanmean", "nanquantile", "avg_pool1d", "avg_pool2d",
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "max_pool1d", "max_pool2d", "max_pool1d_with_indices", "max_pool2d_with_indices",
)  # fmt: skip
def _one_of_them_or_between(_node: fx.Node, inputs: list[Range]) -> Range:
    return inputs[0]


BOUNDS[operator.getitem] = _same  # of several results, all but the first of them indices


@bound("max")
def _max(node: fx.Node, inputs: list[Range]) -> Range:
    return larger(*inputs[:2]) if _has_two_tensors(node) else inputs[0]


@bound("min")
def _min(node: fx.Node, inputs: list[Range]) -> Range:
    return smaller(*inputs[:2]) if _has_two_tensors(node) else inputs[0]


def _has_two_tensors(node: fx.Node) -> bool:
    return len(node.args) > 1 and isinstance(node.args[1], fx.Node)


@bound("stack", "cat", "concat", "concatenate", "hstack", "vstack")
def _any_of_a_list(_node: fx.Node, inputs: list[Range]) -> Range:
    return inputs[0]  # of the list, the union


@bound("scatter", "slice_scatter", "select_scatter", "index_copy", "index_put", "constant_pad_nd")
def _put(node: fx.Node, inputs: list[Range]) -> Range:
    """Bound a tensor, some of whose values are replaced by those of another or by a number."""
    name = str(node.target)
    if node.kwargs or "reduce" in name or ("index_put" in name and len(node.args) > 3):
        return ANYTHING  # some are added to what was there
    put = {"slice_scatter": 1, "select_scatter": 1, "index_put": 2, "constant_pad_nd": 2}
    place = next((place for part, place in put.items() if part in name), 3)
    if len(inputs) <= place:  # padded by the default
        return union(inputs[0], Range(0.0, 0.0))
    return union(inputs[0], inputs[place])


@bound("zeros_like", "zeros", "new_zeros")
def _zeros(_node: fx.Node, _inputs: list[Range]) -> Range:
    return Range(0.0, 0.0)


@bound("ones_like", "ones", "new_ones")
def _ones(_node: fx.Node, _inputs: list[Range]) -> Range:
    return Range(1.0, 1.0)


@bound("full_like", "full", "scalar_tensor")
def _full(_node: fx.Node, inputs: list[Range]) -> Range:
    return inputs[-1]


@bound("sum", "nansum")
def _sum(node: fx.Node, inputs: list[Range]) -> Range:
    """Bound a sum over dimensions of known size."""
    count = terms(node, node.args[1] if len(node.args) > 1 else None)
    if count is None:
        return ANYTHING
    return Range(inputs[0].low * count, inputs[0].high * count, inputs[0].logs)


@bound("cumsum")
def _cumsum(node: fx.Node, inputs: list[Range]) -> Range:
    count = terms(node, node.args[1])
    if count is None:
        return ANYTHING
    low, high = inputs[0].low, inputs[0].high
    return Range(min(low, low * count), max(high, high * count), inputs[0].logs)


@bound("prod", "cumprod")
def _prod(node: fx.Node, inputs: list[Range]) -> Range:
    """Bound a product of numbers that are not below 0, whose ends are powers of theirs."""
    count = terms(node, node.args[1] if len(node.args) > 1 else None)
    low, high = inputs[0].low, inputs[0].high
    if low < 0 or count is None:
        return Range(-1.0, 1.0) if inputs[0].within(-1.0, 1.0) else ANYTHING
    return hull(low, _to_the(low, count), high, _to_the(high, count))


def _to_the(number: float, count: int) -> float:
    return math.exp(min(count * math.log(number), 700.0)) if number > 1 else number**count


@bound("logsumexp")
def _logsumexp(node: fx.Node, inputs: list[Range]) -> Range:
    """Bound log Σ exp of n numbers, at most log n above the largest of them."""
    count = terms(node, node.args[1])
    if count is None:
        return ANYTHING
    more = math.log(count)
    return Range(inputs[0].low + more, inputs[0].high + more, inputs[0].logs)


@bound("logaddexp")
def _logaddexp(_node: fx.Node, inputs: list[Range]) -> Range:
    both = union(*inputs[:2])
    return Range(both.low + math.log(2), both.high + math.log(2), both.logs)


@bound("linalg_vector_norm", "norm")
def _norm(node: fx.Node, inputs: list[Range]) -> Range:
    """Bound (Σ |x|^p)^(1/p) of n numbers by n^(1/p) times the largest magnitude."""
    order = node.args[1] if len(node.args) > 1 else 2
    count = terms(node, node.args[2] if len(node.args) > 2 else None)
    if not isinstance(order, int | float) or order <= 0 or count is None:
        return Range(low=0.0, tight=False)
    return Range(0.0, inputs[0].largest * count ** (1 / order))


@bound("linear", "addmm", "mm", "matmul", "bmm", "mv")
def _weighted(node: fx.Node, inputs: list[Range]) -> Range:
    """Bound sums of n products, as where probabilities of classes are added up to groups."""
    added = inputs[0] if "addmm" in str(node.target) else None
    one, other = inputs[1:3] if added is not None else inputs[:2]
    left = node.args[1 if added is not None else 0]
    assert isinstance(left, fx.Node)
    width = (shape_of(left) or (None,))[-1]
    if not isinstance(width, int) or node.kwargs:
        return ANYTHING
    found = product(one, other)
    bias = added or (inputs[2] if len(inputs) > 2 else Range(0.0, 0.0))
    return Range(width * found.low + bias.low, width * found.high + bias.high)
