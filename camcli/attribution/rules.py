"""Which DeepLIFT rule each operation of an exported graph follows.

`RULES` maps an ATen operation to its rule; an operation that is not in it, and whose input depends
on the activation, is refused rather than differentiated by its plain gradient. The mathematics of
the rules is in `secant`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from camcli.attribution import secant
from camcli.attribution.call import (
    Call,
    Rule,
    does_not_round,
    has_at_most_two_operands,
    has_no_dropout,
    is_euclidean,
    is_not_training,
    uses_instance_statistics,
)
from camcli.attribution.secant import Pair

_aten = torch.ops.aten


def _plainly(call: Call) -> Any:
    return call.op(*call.args, **call.kwargs)


def _rescale(call: Call) -> Tensor:
    (position,) = call.active
    return secant.rescale(call.of(position), call.pair(position), call.reference).value


def _relu(call: Call) -> Tensor:
    return secant.relu(call.pair(0), call.reference).value


def _product(call: Call) -> Tensor:
    """Attribute to the first two arguments; linear where only one of them is active."""
    if len(call.active) == 1:
        return torch.as_tensor(_plainly(call))

    def multiply(a: Tensor, b: Tensor) -> Tensor:
        return torch.as_tensor(call.op(a, b, *call.args[2:], **call.kwargs))

    return secant.product(multiply, call.pair(0), call.pair(1)).value


def _affine_product(call: Call) -> Tensor:
    """Bias + a b, for `addmm` and its like, with their `beta` and `alpha`."""
    beta, alpha = call.kwargs.get("beta", 1), call.kwargs.get("alpha", 1)
    product = secant.product(torch.matmul, call.pair(1), call.pair(2))
    shifted: Tensor = product.value * alpha + call.args[0] * beta
    return shifted


def _add_product(call: Call) -> Tensor:
    """Input + value · a b, with a b by the midpoint rule."""
    factor = call.kwargs.get("value", 1)
    shifted: Tensor = call.args[0] + factor * secant.times(call.pair(1), call.pair(2)).value
    return shifted


def _division(call: Call) -> Tensor:
    if call.active == {0}:
        return torch.as_tensor(_plainly(call))
    numerator = _as_pair(call, 0)
    return secant.quotient(numerator, call.pair(1)).value


def _as_pair(call: Call, position: int) -> Pair:
    """Return an argument as a pair, also where it is a plain number."""
    like = next(value for value in call.args if isinstance(value, Tensor))
    value = torch.as_tensor(call.args[position], dtype=like.dtype, device=like.device)
    reference = call.reference_args[position]
    return Pair(value, torch.as_tensor(reference, dtype=like.dtype, device=like.device))


def _einsum(call: Call) -> Tensor:
    equation, operands = call.args[0], list(call.args[1])
    references = call.reference_args[1]
    active = [i for i, operand in enumerate(operands) if operand is not references[i]]
    if len(active) == 1:
        return torch.einsum(equation, operands)
    first, second = active

    def multiply(a: Tensor, b: Tensor) -> Tensor:
        filled = [a if i == first else b if i == second else t for i, t in enumerate(operands)]
        return torch.einsum(equation, filled)

    pairs = (Pair(operands[i], references[i]) for i in active)
    return secant.product(multiply, *pairs).value


def _extremum(call: Call, other_side: float) -> Tensor:
    """max(a, b) = a + relu(b - a), and min(a, b) = a - relu(a - b)."""
    a, b = _as_pair(call, 0), _as_pair(call, 1)
    gap = Pair(other_side * (b.value - a.value), other_side * (b.reference - a.reference))
    return a.value + other_side * secant.rescale(torch.relu, gap).value


def _max_pool(call: Call) -> Any:
    """Max-pooling in one to three dimensions, adaptive or not, with or without indices."""
    x = call.pair(0)
    pool = _WITH_INDICES[call.packet]
    spatial = _POOLED_DIMENSIONS[pool]
    top = pool(x.value.detach(), *call.args[1:], **call.kwargs)
    reference_top = pool(x.reference, *call.args[1:], **call.kwargs)
    flat = secant.linear(lambda t: t.flatten(-spatial), x)
    largest = secant.largest(flat, _flat(top, spatial), _flat(reference_top, spatial))
    maxima = largest.value.view_as(top[0])
    return (maxima, top[1]) if isinstance(call.reference, tuple) else maxima


def _flat(top: secant.Top, dims: int) -> secant.Top:
    maxima, places = top
    return maxima.flatten(-dims), places.flatten(-dims)


_WITH_INDICES = {
    _aten.max_pool1d: torch.ops.aten.max_pool1d_with_indices,
    _aten.max_pool1d_with_indices: torch.ops.aten.max_pool1d_with_indices,
    _aten.max_pool2d: torch.ops.aten.max_pool2d_with_indices,
    _aten.max_pool2d_with_indices: torch.ops.aten.max_pool2d_with_indices,
    _aten.max_pool3d: torch.ops.aten.max_pool3d_with_indices,
    _aten.max_pool3d_with_indices: torch.ops.aten.max_pool3d_with_indices,
    _aten.adaptive_max_pool1d: torch.ops.aten.adaptive_max_pool1d,
    _aten.adaptive_max_pool2d: torch.ops.aten.adaptive_max_pool2d,
    _aten.adaptive_max_pool3d: torch.ops.aten.adaptive_max_pool3d,
}
_POOLED_DIMENSIONS = {
    torch.ops.aten.max_pool1d_with_indices: 1,
    torch.ops.aten.max_pool2d_with_indices: 2,
    torch.ops.aten.max_pool3d_with_indices: 3,
    torch.ops.aten.adaptive_max_pool1d: 1,
    torch.ops.aten.adaptive_max_pool2d: 2,
    torch.ops.aten.adaptive_max_pool3d: 3,
}


def _amax(call: Call, sign: float = 1.0) -> Any:
    """amax, amin (as -max(-x)), max and min over one dimension, several or all."""
    x = call.pair(0)
    dims = _dims(call.argument(1, "dim", ()), x.value.dim())
    keepdim = bool(call.argument(2, "keepdim", False))
    flat = secant.linear(lambda t: sign * _move_last(t, dims), x)
    top, reference_top = (t.max(-1, keepdim=True) for t in (flat.value.detach(), flat.reference))
    maxima = sign * secant.largest(flat, top, reference_top).value.squeeze(-1)
    if keepdim:
        for dim in dims:
            maxima = maxima.unsqueeze(dim)
    if isinstance(call.reference, tuple):
        return maxima, top[1].squeeze(-1)
    return maxima


def _dims(dim: int | Iterable[int] | None, rank: int) -> list[int]:
    listed = [] if dim is None else [dim] if isinstance(dim, int) else list(dim)
    return sorted(d % rank for d in listed) or list(range(rank))


def _move_last(x: Tensor, dims: list[int]) -> Tensor:
    kept = [dim for dim in range(x.dim()) if dim not in dims]
    return x.permute(*kept, *dims).flatten(len(kept))


def _softmax(call: Call) -> Tensor:
    return secant.softmax(call.pair(0), call.args[1]).value


def _log_softmax(call: Call) -> Tensor:
    return secant.log_softmax(call.pair(0), call.args[1]).value


def _log_sum_exp(call: Call) -> Tensor:
    (dim,) = _dims(call.args[1], call.args[0].dim())
    value = secant.log_sum_exp(call.pair(0), dim).value
    return value if call.argument(2, "keepdim", False) else value.squeeze(dim)


def _layer_norm(call: Call) -> Any:
    shape = call.args[1]
    epsilon = call.argument(4, "eps", 1e-5)
    value = secant.normalized(call.pair(0), range(-len(shape), 0), epsilon).value
    return _first_of(call, _scaled(value, call.argument(2, "weight"), call.argument(3, "bias")))


def _rms_norm(call: Call) -> Any:
    shape = call.args[1]
    epsilon = call.argument(3, "eps")
    if epsilon is None:
        epsilon = torch.finfo(call.args[0].dtype).eps
    value = secant.normalized(call.pair(0), range(-len(shape), 0), epsilon, centre=False).value
    return _first_of(call, _scaled(value, call.argument(2, "weight"), None))


def _group_norm(call: Call) -> Tensor:
    weight, bias = call.argument(2, "weight"), call.argument(3, "bias")
    return _grouped(call, call.args[1], weight, bias, call.argument(4, "eps", 1e-5))


def _native_group_norm(call: Call) -> Any:
    weight, bias, groups, epsilon = (call.args[i] for i in (1, 2, 6, 7))
    return _first_of(call, _grouped(call, groups, weight, bias, epsilon))


def _instance_norm(call: Call) -> Tensor:
    channels = call.args[0].shape[1]
    return _grouped(call, channels, call.args[1], call.args[2], call.args[7])


def _grouped(
    call: Call, groups: int, weight: Tensor | None, bias: Tensor | None, epsilon: float
) -> Tensor:
    x = call.pair(0)
    split = secant.linear(lambda t: t.unflatten(1, (groups, -1)), x)
    dims = range(2, split.value.dim())
    value = secant.normalized(split, dims, epsilon).value.flatten(1, 2)
    per_channel = (-1, *[1] * (value.dim() - 2))
    return _scaled(
        value,
        None if weight is None else weight.view(per_channel),
        None if bias is None else bias.view(per_channel),
    )


def _scaled(value: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    if weight is not None:
        value = value * weight
    return value if bias is None else value + bias


def _first_of(call: Call, value: Tensor) -> Any:
    """Give an operation that returns statistics beside its output the same arity."""
    if isinstance(call.reference, tuple):
        return (value, *[None] * (len(call.reference) - 1))
    return value


def _variance(call: Call) -> Tensor:
    return _variance_pair(call).value


def _deviation(call: Call) -> Tensor:
    return secant.rescale(torch.sqrt, _variance_pair(call)).value


def _variance_pair(call: Call) -> Pair:
    x = call.pair(0)
    dims = _dims(call.argument(1, "dim"), x.value.dim())
    degrees = math.prod(x.value.shape[dim] for dim in dims) - _correction(call)
    keepdim = bool(call.argument(3, "keepdim", False))
    centred = secant.linear(lambda t: t - t.mean(dims, keepdim=True), x)
    return secant.linear(lambda t: t.sum(dims, keepdim=keepdim) / degrees, secant.square(centred))


def _correction(call: Call) -> float:
    """Return what is taken off the count; it is said in two ways, by overload."""
    if len(call.args) > 2:
        return 1 if call.args[2] else 0
    correction = call.kwargs.get("correction")
    return 1 if correction is None else correction


def _vector_norm(call: Call) -> Tensor:
    dims = _dims(call.argument(2, "dim"), call.args[0].dim())
    keepdim = bool(call.argument(3, "keepdim", False))
    squares = secant.linear(lambda t: t.sum(dims, keepdim=keepdim), secant.square(call.pair(0)))
    return secant.rescale(torch.sqrt, squares).value


def _gated_linear_unit(call: Call) -> Tensor:
    dim = call.argument(1, "dim", -1)
    content = secant.linear(lambda t: t.chunk(2, dim)[0], call.pair(0))
    gate = secant.linear(lambda t: t.chunk(2, dim)[1], call.pair(0))
    return secant.times(content, secant.rescale(torch.sigmoid, gate)).value


def _attention(call: Call) -> Tensor:
    query, key, value = (call.pair(i) for i in range(3))
    scale = call.kwargs.get("scale")
    if scale is None:
        scale = query.value.shape[-1] ** -0.5
    if call.kwargs.get("enable_gqa"):
        repeats = query.value.shape[-3] // key.value.shape[-3]
        key = secant.linear(lambda t: t.repeat_interleave(repeats, -3), key)
        value = secant.linear(lambda t: t.repeat_interleave(repeats, -3), value)
    mask = _additive_mask(call, query.value, key.value)
    return secant.attention(query, key, value, mask, scale).value


def _additive_mask(call: Call, query: Tensor, key: Tensor) -> Tensor | None:
    mask: Tensor | None = call.argument(3, "attn_mask")
    if call.argument(5, "is_causal", False):
        mask = torch.ones(query.shape[-2], key.shape[-2], device=query.device).tril().bool()
    if mask is None or mask.dtype != torch.bool:
        return mask
    return torch.zeros_like(mask, dtype=query.dtype).masked_fill(~mask, -math.inf)


def _ops(*names: str) -> list[Callable[..., Any]]:
    """Return the operations that this version of PyTorch has among those named."""
    return [getattr(_aten, name) for name in names if hasattr(_aten, name)]


# Affine in the first argument, whatever the others.
AFFINE_IN_FIRST = _ops(
    "conv1d", "conv2d", "conv3d", "convolution", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d",
    "adaptive_avg_pool2d", "adaptive_avg_pool3d", "_adaptive_avg_pool2d", "mean", "sum", "neg",
    "view", "_unsafe_view", "reshape", "flatten", "unflatten", "permute", "transpose", "t",
    "squeeze", "unsqueeze", "expand", "contiguous", "clone", "alias", "to",
    "_to_copy", "select", "slice", "narrow", "split", "split_with_sizes", "chunk",
    "unbind", "index", "index_select", "gather", "roll", "flip", "repeat", "repeat_interleave",
    "pad", "constant_pad_nd", "reflection_pad2d", "replication_pad2d", "masked_fill",
    "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "native_channel_shuffle", "cumsum",
    "movedim", "swapaxes", "upsample_nearest1d", "upsample_nearest2d", "upsample_bilinear2d",
    "_upsample_bilinear2d_aa", "upsample_bicubic2d", "_upsample_bicubic2d_aa", "im2col", "tril",
    "triu", "diagonal", "positive", "unfold", "_native_batch_norm_legit_no_training",
)  # fmt: skip

_DROPOUTS = _ops("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout")

ELEMENTWISE = _ops(
    "relu", "relu6", "hardtanh", "leaky_relu", "prelu", "elu", "celu", "selu", "gelu", "silu",
    "mish", "hardswish", "hardsigmoid", "sigmoid", "log_sigmoid", "softplus", "softshrink",
    "hardshrink", "threshold", "tanh", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt",
    "rsqrt", "reciprocal", "square", "abs", "clamp", "clamp_min", "clamp_max", "erf", "sin",
    "cos", "atan", "sinh", "cosh", "pow",
)  # fmt: skip

_FIRST = frozenset({0})
_BOTH = frozenset({0, 1})
_THREE = frozenset({0, 1, 2})


def _each(operations: Iterable[Any], rule: Rule) -> dict[Any, Rule]:
    return dict.fromkeys(operations, rule)


# An overload that means something else than its operation's others stands under its own name.
RULES: Mapping[Any, Rule] = {
    operator.getitem: Rule(_plainly),
    _aten.detach: Rule(lambda call: call.args[0]),
    **_each(AFFINE_IN_FIRST, Rule(_plainly)),
    **_each(_ops("add", "sub", "rsub", "cat", "concat", "stack"), Rule(_plainly, None)),
    **_each(_ops("slice_scatter", "select_scatter"), Rule(_plainly, _BOTH)),
    _aten.lerp.Scalar: Rule(_plainly, _BOTH),
    _aten.where: Rule(_plainly, frozenset({1, 2})),
    _aten.batch_norm: Rule(_plainly, _FIRST, is_not_training(5)),
    **_each(_ops("expand_as", "view_as", "reshape_as", "type_as"), Rule(_plainly, _BOTH)),
    **_each(
        _ops("dropout", "feature_dropout", "alpha_dropout"),
        Rule(_plainly, _FIRST, is_not_training(2)),
    ),
    **_each(ELEMENTWISE, Rule(_rescale)),
    _aten.relu: Rule(_relu),
    _aten.pow.Scalar: Rule(_rescale, frozenset({1})),
    **_each(_ops("mul", "matmul", "bmm", "mm", "mv", "dot", "linear"), Rule(_product, _BOTH)),
    **_each(_ops("addmm", "baddbmm"), Rule(_affine_product, _THREE)),
    _aten.addcmul: Rule(_add_product, _THREE),
    _aten.einsum: Rule(_einsum, frozenset({1}), has_at_most_two_operands),
    **_each(_ops("div", "true_divide"), Rule(_division, _BOTH, does_not_round)),
    **_each(_WITH_INDICES, Rule(_max_pool)),
    **_each(_ops("max", "amax"), Rule(_amax)),
    **_each(_ops("min", "amin"), Rule(lambda call: _amax(call, -1.0))),
    **_each([_aten.maximum, _aten.max.other], Rule(lambda call: _extremum(call, 1.0), _BOTH)),
    **_each([_aten.minimum, _aten.min.other], Rule(lambda call: _extremum(call, -1.0), _BOTH)),
    **_each(_ops("softmax", "_softmax"), Rule(_softmax)),
    **_each(_ops("log_softmax", "_log_softmax"), Rule(_log_softmax)),
    _aten.logsumexp: Rule(_log_sum_exp),
    **_each(_ops("layer_norm", "native_layer_norm"), Rule(_layer_norm)),
    **_each(_ops("rms_norm", "_fused_rms_norm"), Rule(_rms_norm)),
    _aten.group_norm: Rule(_group_norm),
    _aten.native_group_norm: Rule(_native_group_norm),
    _aten.instance_norm: Rule(_instance_norm, _FIRST, uses_instance_statistics),
    _aten.var: Rule(_variance),
    _aten.std: Rule(_deviation),
    **_each(_ops("linalg_vector_norm", "norm"), Rule(_vector_norm, _FIRST, is_euclidean)),
    _aten.glu: Rule(_gated_linear_unit),
    _aten.scaled_dot_product_attention: Rule(_attention, _THREE, has_no_dropout),
}


def rule_for(operation: Any) -> Rule | None:
    """Return the rule of an operation (an ATen overload or a Python function), None without one."""
    return RULES.get(operation) or RULES.get(getattr(operation, "overloadpacket", None))
