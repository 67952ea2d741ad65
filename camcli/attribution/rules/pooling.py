"""DeepLIFT through maxima and minima: the cross-maximum rule."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from camcli.attribution import secants
from camcli.attribution.call import DeepLiftCall
from camcli.attribution.pair import Pair, linear
from camcli.attribution.rules.dimensions import dims_of
from camcli.attribution.rules.registry import FIRST_TWO, aten, rule

_aten = torch.ops.aten

_WITH_INDICES = {
    _aten.max_pool1d: _aten.max_pool1d_with_indices,
    _aten.max_pool1d_with_indices: _aten.max_pool1d_with_indices,
    _aten.max_pool2d: _aten.max_pool2d_with_indices,
    _aten.max_pool2d_with_indices: _aten.max_pool2d_with_indices,
    _aten.max_pool3d: _aten.max_pool3d_with_indices,
    _aten.max_pool3d_with_indices: _aten.max_pool3d_with_indices,
    _aten.adaptive_max_pool1d: _aten.adaptive_max_pool1d,
    _aten.adaptive_max_pool2d: _aten.adaptive_max_pool2d,
    _aten.adaptive_max_pool3d: _aten.adaptive_max_pool3d,
}
_POOLED_DIMENSIONS = {
    _aten.max_pool1d_with_indices: 1,
    _aten.max_pool2d_with_indices: 2,
    _aten.max_pool3d_with_indices: 3,
    _aten.adaptive_max_pool1d: 1,
    _aten.adaptive_max_pool2d: 2,
    _aten.adaptive_max_pool3d: 3,
}


@rule(*_WITH_INDICES)
def max_pool(call: DeepLiftCall) -> Any:
    """Give Δy to the largest now where the maximum rose, to the former largest where it fell."""
    x = call.pair(0)
    pool = _WITH_INDICES[call.packet]
    spatial = _POOLED_DIMENSIONS[pool]
    top = pool(x.value.detach(), *call.args[1:], **call.kwargs)
    reference_top = pool(x.reference, *call.args[1:], **call.kwargs)
    flat = linear(lambda t: t.flatten(-spatial), x)
    largest = secants.largest(flat, _flat(top, spatial), _flat(reference_top, spatial))
    maxima = largest.value.view_as(top[0])
    return (maxima, top[1]) if isinstance(call.reference, tuple) else maxima


def _flat(top: secants.Top, dims: int) -> secants.Top:
    maxima, places = top
    return maxima.flatten(-dims), places.flatten(-dims)


@rule(*aten("max", "amax"))
def maximum_over_dimensions(call: DeepLiftCall) -> Any:
    """Apply the cross-maximum rule over one dimension, several or all."""
    return _extreme(call, 1.0)


@rule(*aten("min", "amin"))
def minimum_over_dimensions(call: DeepLiftCall) -> Any:
    """Apply the cross-maximum rule to the negative, over one dimension, several or all."""
    return _extreme(call, -1.0)


def _extreme(call: DeepLiftCall, sign: float) -> Any:
    x = call.pair(0)
    dims = dims_of(call.argument(1, "dim", ()), x.value.dim())
    keepdim = bool(call.argument(2, "keepdim", False))
    flat = linear(lambda t: sign * _move_last(t, dims), x)
    top, reference_top = (t.max(-1, keepdim=True) for t in (flat.value.detach(), flat.reference))
    maxima = sign * secants.largest(flat, top, reference_top).value.squeeze(-1)
    if keepdim:
        for dim in dims:
            maxima = maxima.unsqueeze(dim)
    if isinstance(call.reference, tuple):
        return maxima, top[1].squeeze(-1)
    return maxima


def _move_last(x: Tensor, dims: list[int]) -> Tensor:
    kept = [dim for dim in range(x.dim()) if dim not in dims]
    return x.permute(*kept, *dims).flatten(len(kept))


@rule(_aten.maximum, _aten.max.other, positions=FIRST_TWO)
def larger_of_two(call: DeepLiftCall) -> Tensor:
    """Apply the Rescale rule to max(a, b) = a + relu(b - a)."""
    return _extreme_of_two(call, 1.0)


@rule(_aten.minimum, _aten.min.other, positions=FIRST_TWO)
def smaller_of_two(call: DeepLiftCall) -> Tensor:
    """Apply the Rescale rule to min(a, b) = a - relu(a - b)."""
    return _extreme_of_two(call, -1.0)


def _extreme_of_two(call: DeepLiftCall, sign: float) -> Tensor:
    a, b = call.number_pair(0), call.number_pair(1)
    gap = Pair(sign * (b.value - a.value), sign * (b.reference - a.reference))
    return a.value + sign * secants.rescale(torch.relu, gap).value
