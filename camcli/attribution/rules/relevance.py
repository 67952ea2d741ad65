"""Layer-wise relevance propagation through each operation; `camcli.attribution.lrp` has the theory.

A rule returns the operation's result with derivatives that pass multipliers R / x on.
"""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch import Tensor

from camcli.attribution.call import LrpCall
from camcli.attribution.pair import with_multipliers
from camcli.attribution.rules.operations import (
    AFFINE_IN_ALL,
    AFFINE_IN_FIRST,
    BILINEAR,
    DIVISIONS,
    ELEMENTWISE,
    LIKE_ANOTHER,
)
from camcli.attribution.rules.registry import aten, relevance_rule

_aten = torch.ops.aten
_MAXIMA = aten(
    "max_pool1d", "max_pool2d", "max_pool3d", "max_pool2d_with_indices", "adaptive_max_pool2d",
    "max", "amax", "maximum",
)  # fmt: skip
_AFFINE_IN_EVALUATION = aten("batch_norm", "dropout", "feature_dropout")
_ASSEMBLED = aten("slice_scatter", "select_scatter", "where")
_GATES = aten(
    "softmax", "_softmax", "log_softmax", "_log_softmax", "linalg_vector_norm", "norm",
)  # fmt: skip


@relevance_rule(operator.getitem, *_MAXIMA)
def passed_on(call: LrpCall) -> Any:
    """Give all relevance to the largest; of several results, to the one that is read."""
    return call.plain()


@relevance_rule(*AFFINE_IN_FIRST, *AFFINE_IN_ALL, *_AFFINE_IN_EVALUATION, *_ASSEMBLED)
def affine(call: LrpCall) -> Any:
    """Apply the ε-rule: relevance in proportion to x w, with the bias keeping its share."""
    return _stabilised_result(call.plain(), call.epsilon)


@relevance_rule(*ELEMENTWISE)
def elementwise(call: LrpCall) -> Any:
    """Pass relevance on unchanged where f(0) = 0; give none to a gate, f(0) ≠ 0."""
    if call.carriers != [0]:
        return gate(call)
    x = call.args[0]
    y = call.on(x.detach())
    at_zero = call.on(torch.zeros_like(x[:1].detach()))
    if bool((at_zero != 0).any()):
        return y
    return with_multipliers(y, x * (y / _stabilised(x, call.epsilon)).detach())


@relevance_rule(*_GATES)
def gate(call: LrpCall) -> Any:
    """Give no relevance to a gate."""
    detached = [value.detach() if isinstance(value, Tensor) else value for value in call.args]
    return call.on(*detached)


@relevance_rule(*BILINEAR)
def product(call: LrpCall) -> Any:
    """Give half of the relevance to each of two signals, all of it to a signal beside a gate."""
    if len(call.carriers) == 1:
        return affine(call)
    a, b = call.args[:2]
    line = (call.on(a, b.detach()) + call.on(a.detach(), b)) / 2
    return with_multipliers(call.plain(), line)


@relevance_rule(*DIVISIONS)
def quotient(call: LrpCall) -> Any:
    """Give all relevance to the numerator, by the ε-rule."""
    numerator, denominator = call.args[:2]
    if isinstance(denominator, Tensor):
        denominator = denominator.detach()
    return _stabilised_result(call.on(numerator, denominator), call.epsilon)


@relevance_rule(_aten.layer_norm)
def layer_norm(call: LrpCall) -> Tensor:
    """Centre and scale linearly, by the deviation that this input happens to have."""
    x, shape = call.args[:2]
    weight, bias, eps = (
        call.argument(*given) for given in ((2, "weight"), (3, "bias"), (4, "eps", 1e-5))
    )
    dims = tuple(range(-len(shape), 0))
    centred = x - x.mean(dims, keepdim=True)
    line = centred * torch.rsqrt(centred.detach().square().mean(dims, keepdim=True) + eps)
    line = line if weight is None else line * weight
    return with_multipliers(call.plain(), line if bias is None else line + bias)


@relevance_rule(*LIKE_ANOTHER)
def like_another(call: LrpCall) -> Any:
    """Pass relevance on, and give none to the tensor whose shape or dtype is taken."""
    x, other = call.args[:2]
    return call.on(x, other.detach())


@relevance_rule(_aten.scaled_dot_product_attention)
def attention(call: LrpCall) -> Any:
    """Give all relevance to the values attended to: the attention weights are a gate."""
    query, key, value = call.args[:3]
    return _stabilised_result(call.on(query.detach(), key.detach(), value), call.epsilon)


def _stabilised_result(z: Any, epsilon: float) -> Any:
    if not isinstance(z, Tensor):
        return z
    return with_multipliers(z, z * (z / _stabilised(z, epsilon)).detach())


def _stabilised(z: Tensor, epsilon: float) -> Tensor:
    return z + torch.where(z < 0, -epsilon, epsilon)
