"""DeepLIFT through normalisation, and the moments and norms that it is made of."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from camcli.attribution import secants
from camcli.attribution.call import Arguments, DeepLiftCall, Keywords
from camcli.attribution.pair import Pair, linear
from camcli.attribution.rules.dimensions import dims_of
from camcli.attribution.rules.registry import aten, rule

_aten = torch.ops.aten


def _is_not_training(args: Arguments, _kwargs: Keywords) -> bool:
    return not args[5]


@rule(_aten.batch_norm, condition=_is_not_training)
def batch_norm(call: DeepLiftCall) -> Any:
    """Take the derivatives as multipliers: affine in evaluation; refused in training."""
    return call.plain()


@rule(*aten("layer_norm", "native_layer_norm"))
def layer_norm(call: DeepLiftCall) -> Any:
    """Divide x - μ by √(σ² + ε): a quotient by the midpoint rule, a root by the Rescale rule."""
    shape = call.args[1]
    epsilon = call.argument(4, "eps", 1e-5)
    value = secants.normalized(call.pair(0), range(-len(shape), 0), epsilon).value
    return _first_of(call, _scaled(value, call.argument(2, "weight"), call.argument(3, "bias")))


@rule(*aten("rms_norm", "_fused_rms_norm"))
def rms_norm(call: DeepLiftCall) -> Any:
    """Divide x by √(mean x² + ε): a quotient by the midpoint rule, a root by the Rescale rule."""
    shape = call.args[1]
    epsilon = call.argument(3, "eps")
    if epsilon is None:
        epsilon = torch.finfo(call.args[0].dtype).eps
    value = secants.normalized(call.pair(0), range(-len(shape), 0), epsilon, centre=False).value
    return _first_of(call, _scaled(value, call.argument(2, "weight"), None))


@rule(_aten.group_norm)
def group_norm(call: DeepLiftCall) -> Tensor:
    """Apply the rule of layer normalisation to each group of channels."""
    weight, bias = call.argument(2, "weight"), call.argument(3, "bias")
    return _grouped(call, call.args[1], weight, bias, call.argument(4, "eps", 1e-5))


@rule(_aten.native_group_norm)
def native_group_norm(call: DeepLiftCall) -> Any:
    """Apply the rule of layer normalisation to each group of channels."""
    weight, bias, groups, epsilon = (call.args[i] for i in (1, 2, 6, 7))
    return _first_of(call, _grouped(call, groups, weight, bias, epsilon))


def _uses_instance_statistics(args: Arguments, _kwargs: Keywords) -> bool:
    return bool(args[5])


@rule(_aten.instance_norm, condition=_uses_instance_statistics)
def instance_norm(call: DeepLiftCall) -> Tensor:
    """Apply the rule of layer normalisation to each channel; refused with stored statistics."""
    channels = call.args[0].shape[1]
    return _grouped(call, channels, call.args[1], call.args[2], call.args[7])


def _grouped(
    call: DeepLiftCall, groups: int, weight: Tensor | None, bias: Tensor | None, epsilon: float
) -> Tensor:
    split = linear(lambda t: t.unflatten(1, (groups, -1)), call.pair(0))
    dims = range(2, split.value.dim())
    value = secants.normalized(split, dims, epsilon).value.flatten(1, 2)
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


def _first_of(call: DeepLiftCall, value: Tensor) -> Any:
    """Give an operation that returns statistics beside its output the same arity."""
    if isinstance(call.reference, tuple):
        return (value, *[None] * (len(call.reference) - 1))
    return value


@rule(_aten.var)
def variance(call: DeepLiftCall) -> Tensor:
    """Average squares of what is left of x without its mean; a square has the multiplier x + x₀."""
    return _variance(call).value


@rule(_aten.std)
def deviation(call: DeepLiftCall) -> Tensor:
    """Take the root of the variance by the Rescale rule."""
    return secants.rescale(torch.sqrt, _variance(call)).value


def _variance(call: DeepLiftCall) -> Pair:
    x = call.pair(0)
    dims = dims_of(call.argument(1, "dim"), x.value.dim())
    degrees = math.prod(x.value.shape[dim] for dim in dims) - _correction(call)
    keepdim = bool(call.argument(3, "keepdim", False))
    centred = linear(lambda t: t - t.mean(dims, keepdim=True), x)
    return linear(lambda t: t.sum(dims, keepdim=keepdim) / degrees, secants.square(centred))


def _correction(call: DeepLiftCall) -> float:
    """Return what is subtracted from the count; overloads give it in two ways."""
    if len(call.args) > 2:
        return 1 if call.args[2] else 0
    correction = call.kwargs.get("correction")
    return 1 if correction is None else correction


def _is_euclidean(args: Arguments, kwargs: Keywords) -> bool:
    return (args[1] if len(args) > 1 else kwargs.get("ord", 2)) in (2, None)


@rule(*aten("linalg_vector_norm", "norm"), condition=_is_euclidean)
def vector_norm(call: DeepLiftCall) -> Tensor:
    """Take the root of a sum of squares by the Rescale rule; refused for other norms."""
    dims = dims_of(call.argument(2, "dim"), call.args[0].dim())
    keepdim = bool(call.argument(3, "keepdim", False))
    squares = linear(lambda t: t.sum(dims, keepdim=keepdim), secants.square(call.pair(0)))
    return secants.rescale(torch.sqrt, squares).value
