"""Operations over windows of a grid: a window's place is that of its centre."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from camcli.network.places.arrays import TOLERANCE, average, compact, nowhere
from camcli.network.places.registry import Call, Places, named, rule


@rule(*named("conv1d", "conv2d", "conv3d", "convolution", "_convolution"))
def convolved(call: Call) -> Tensor | None:
    """Window i of a convolution has its centre at i·stride - padding + dilation·(kernel - 1)/2."""
    arguments = call.arguments
    if arguments.get("transposed"):
        return None
    kernel = arguments["weight"].shape[2:]
    stride, dilation = (_each(arguments[name], len(kernel)) for name in ("stride", "dilation"))
    padding = arguments["padding"]
    if isinstance(padding, str):
        spans = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        padding = [span // 2 if padding == "same" else 0 for span in spans]
    return _windowed(call, kernel, stride, _each(padding, len(kernel)), dilation)


@rule(*named("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"))
def transposed(call: Call) -> Tensor:
    """Value i of a transposed convolution reads (i + padding - dilation·(kernel - 1)/2)/stride."""
    arguments = call.arguments
    kernel = arguments["weight"].shape[2:]
    places = average(call.input, [1])
    for axis, size in enumerate(kernel):
        stride, padding, dilation = (
            _each(arguments[name], len(kernel))[axis] for name in ("stride", "padding", "dilation")
        )
        offset = padding - dilation * (size - 1) / 2
        length = call.shape[2 + axis]
        places = _resampled(places, 2 + axis, [(i + offset) / stride for i in range(length)])
    return places.expand(call.shape)


@rule(
    *named(
        "avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool1d", "max_pool2d", "max_pool3d",
        "max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices",
    )
)  # fmt: skip
def pooled(call: Call) -> Places:
    """Channels are pooled each on its own."""
    arguments = call.arguments
    kernel = arguments["kernel_size"]
    dims = int(call.operation._schema.name.split("pool")[1][0])
    kernel = _each(kernel, dims)
    stride = _each(arguments["stride"] or kernel, dims)
    padding, dilation = _each(arguments["padding"], dims), _each(arguments.get("dilation", 1), dims)
    places = _windowed(call, kernel, stride, padding, dilation)
    return (places,) * len(call.shapes) if len(call.shapes) > 1 else places


@rule(
    *named(
        "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
        "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d",
    )
)  # fmt: skip
def divided(call: Call) -> Places:
    """Window i goes from floor(i·n/m) up to ceil((i + 1)·n/m)."""
    places = compact(call.input)
    dims = int(call.operation._schema.name.split("pool")[1][0])
    for axis in range(-dims, 0):
        given, made = call.input.shape[axis], call.shape[axis]
        centres = [((i * given) // made + -(-(i + 1) * given // made) - 1) / 2 for i in range(made)]
        places = _resampled(places, axis % len(call.shape), centres)
    if all(size == 1 for size in call.shape[-dims:]):
        places = nowhere(call.shape)
    places = places.expand(call.shape)
    return (places,) * len(call.shapes) if len(call.shapes) > 1 else places


@rule(
    *named(
        "upsample_nearest1d", "upsample_nearest2d", "upsample_linear1d", "upsample_bilinear2d",
        "upsample_bicubic2d", "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa",
        "_upsample_nearest_exact1d", "_upsample_nearest_exact2d",
    )
)  # fmt: skip
def resized(call: Call) -> Tensor:
    """Read (i + 1/2)·n/m - 1/2 for value i of m, or i·(n - 1)/(m - 1) with aligned corners."""
    places = compact(call.input)
    for dim in range(2, len(call.shape)):
        given, made = call.input.shape[dim], call.shape[dim]
        if call.arguments.get("align_corners") and made > 1:
            centres = [i * (given - 1) / (made - 1) for i in range(made)]
        else:
            centres = [(i + 0.5) * given / made - 0.5 for i in range(made)]
        places = _resampled(places, dim, centres)
    return places.expand(call.shape)


@rule(
    *named(
        "pad", "constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "replication_pad1d",
        "replication_pad2d",
    )
)  # fmt: skip
def padded(call: Call) -> Tensor:
    """Let a grid go on beyond its border; beyond other axes there is nothing."""
    places = compact(call.input)
    sizes = call.arguments.get("pad") or call.arguments.get("padding") or []
    for number, (before, after) in enumerate(zip(sizes[::2], sizes[1::2], strict=True)):
        dim = len(call.shape) - 1 - number
        if before == after == 0:
            continue
        if places.size(dim) > 1 and not _is_even(places, dim):
            places = _bordered(places, dim, before, after)
        else:
            length = call.input.shape[dim]
            places = _resampled(places, dim, list(range(-before, length + after)))
    return places.expand(call.shape)


def _windowed(
    call: Call,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
) -> Tensor:
    is_pooling = "kernel_size" in call.arguments
    places = compact(call.input) if is_pooling else average(call.input, [-len(kernel) - 1])
    first = len(call.shape) - len(kernel)
    for axis, size in enumerate(kernel):
        offset = dilation[axis] * (size - 1) / 2 - padding[axis]
        length = call.shape[first + axis]
        centres = [i * stride[axis] + offset for i in range(length)]
        places = _resampled(places, first + axis, centres)
    return places.expand(call.shape)


def _resampled(places: Tensor, dim: int, centres: Sequence[float]) -> Tensor:
    """Read places between their positions along an axis, and beyond its ends."""
    length = places.size(dim)
    if length == 1:
        return places
    at = torch.tensor(centres)
    lower = at.floor().clamp(0, length - 2).long()
    share = (at - lower).view(-1, *[1] * (places.dim() - dim - 1))
    below, above = places.index_select(dim, lower), places.index_select(dim, lower + 1)
    # Nothing is taken of a place that is not needed: it may be nowhere.
    between = below + share * (above - below)
    return torch.where(share == 0, below, torch.where(share == 1, above, between))


def _is_even(places: Tensor, dim: int) -> bool:
    """Return whether places go along an axis in equal steps."""
    steps = places.diff(dim=dim)
    return bool(((steps - steps.narrow(dim, 0, 1)).abs() < TOLERANCE).all())


def _bordered(places: Tensor, dim: int, before: int, after: int) -> Tensor:
    if before < 0 or after < 0:
        places = places.narrow(
            dim, -min(before, 0), places.size(dim) + min(before, 0) + min(after, 0)
        )
    sizes = [
        [*places.shape[:dim], max(more, 0), *places.shape[dim + 1 :]] for more in (before, after)
    ]
    return torch.cat([nowhere(sizes[0]), places, nowhere(sizes[1])], dim)


def _each(value: Any, dims: int) -> list[int]:
    """Return an argument that may be one number for all axes as one for each."""
    values = list(value) if isinstance(value, list | tuple) else [value]
    return values * dims if len(values) == 1 else values
