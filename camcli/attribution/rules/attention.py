"""DeepLIFT through the softmax and scaled dot-product attention."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from camcli.attribution import secants
from camcli.attribution.call import Arguments, DeepLiftCall, Keywords
from camcli.attribution.pair import linear
from camcli.attribution.rules.dimensions import dims_of
from camcli.attribution.rules.registry import FIRST_THREE, aten, rule

_aten = torch.ops.aten


@rule(*aten("softmax", "_softmax"))
def softmax(call: DeepLiftCall) -> Tensor:
    """Take exp(x - log Σ exp x) by the rules of both; a shift of all x changes no multiplier."""
    return secants.softmax(call.pair(0), call.args[1]).value


@rule(*aten("log_softmax", "_log_softmax"))
def log_softmax(call: DeepLiftCall) -> Tensor:
    """Take x - log Σ exp x, the second term by its own rule."""
    return secants.log_softmax(call.pair(0), call.args[1]).value


@rule(_aten.logsumexp)
def log_sum_exp(call: DeepLiftCall) -> Tensor:
    """Give multipliers in proportion to the logarithmic mean of softmax x and softmax x₀."""
    (dim,) = dims_of(call.args[1], call.args[0].dim())
    value = secants.log_sum_exp(call.pair(0), dim).value
    return value if call.argument(2, "keepdim", False) else value.squeeze(dim)


def _has_no_dropout(args: Arguments, kwargs: Keywords) -> bool:
    return not (args[4] if len(args) > 4 else kwargs.get("dropout_p", 0.0))


@rule(_aten.scaled_dot_product_attention, positions=FIRST_THREE, condition=_has_no_dropout)
def attention(call: DeepLiftCall) -> Tensor:
    """Take softmax(q kᵀ · scale + mask) v as two products and a softmax; refused with dropout."""
    query, key, value = (call.pair(i) for i in range(3))
    scale = call.kwargs.get("scale")
    if scale is None:
        scale = query.value.shape[-1] ** -0.5
    if call.kwargs.get("enable_gqa"):
        repeats = query.value.shape[-3] // key.value.shape[-3]
        key = linear(lambda t: t.repeat_interleave(repeats, -3), key)
        value = linear(lambda t: t.repeat_interleave(repeats, -3), value)
    mask = _additive_mask(call, query.value, key.value)
    return secants.attention(query, key, value, mask, scale).value


def _additive_mask(call: DeepLiftCall, query: Tensor, key: Tensor) -> Tensor | None:
    mask: Tensor | None = call.argument(3, "attn_mask")
    if call.argument(5, "is_causal", False):
        mask = torch.ones(query.shape[-2], key.shape[-2], device=query.device).tril().bool()
    if mask is None or mask.dtype != torch.bool:
        return mask
    return torch.zeros_like(mask, dtype=query.dtype).masked_fill(~mask, -math.inf)
