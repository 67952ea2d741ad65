"""Operations that move values and compute nothing: they move places alike."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from camcli.network.places.arrays import nowhere
from camcli.network.places.registry import Call, Places, named, rule

_aten = torch.ops.aten


def is_view(operation: torch._ops.OpOverload) -> bool:
    """Return whether an operation hands on its input's memory under other sizes."""
    infos = [result.alias_info for result in operation._schema.returns]
    return any(info is not None and not info.is_write for info in infos)


@rule(
    *named(
        "broadcast_tensors", "cat", "channel_shuffle", "concat", "concatenate", "flatten", "flip",
        "fliplr", "flipud", "hstack", "pixel_shuffle", "pixel_unshuffle", "repeat",
        "repeat_interleave", "reshape", "roll", "rot90", "stack", "tile", "unfold", "vstack",
        "native_channel_shuffle", "slice_scatter", "select_scatter", "meshgrid",
    )
)  # fmt: skip
def moved(call: Call) -> Places | None:
    """Run the operation on the places."""
    arguments = call.arguments
    if call.operation is _aten.repeat_interleave.self_Tensor:
        arguments = arguments | {"repeats": call.value("repeats")}
    return _run(call.operation, arguments)


@rule(*named("view", "_unsafe_view", "view_as", "reshape_as"))
def reshaped(call: Call) -> Tensor:
    """Take other sizes, whatever the memory of the places allows to be a view."""
    return call.input.reshape(call.shape)


@rule(*named("index", "index_select", "gather", "take_along_dim", "_unsafe_index"))
def picked(call: Call) -> Places | None:
    """Pick by indices, where they are the same for every image."""
    names = {"indices", "index"} & call.arguments.keys()
    indices = {name: call.value(name) for name in names}
    if any(index is None for index in indices.values()):
        return None
    return _run(call.operation, call.arguments | indices)


@rule(*named("index_put", "_unsafe_index_put", "index_copy", "scatter"))
def put(call: Call) -> Places | None:
    """Put values where indices say, which must be the same for every image."""
    names = {"indices", "index"} & call.arguments.keys()
    indices = {name: call.value(name) for name in names}
    if any(index is None for index in indices.values()) or call.arguments.get("accumulate"):
        return None
    return _run(call.operation, call.arguments | indices)


@rule(*named("im2col"))
def columns(call: Call) -> Tensor:
    """Take windows apart; what pads them is nowhere."""
    down, across = call.arguments["padding"]
    batch, channels, height, width = call.input.shape
    padded = nowhere((batch, 1, height + 2 * down, width + 2 * across)).clone()
    padded[:, :, down : down + height, across : across + width] = call.input[:, :1]
    taken: Tensor = _aten.im2col(
        padded, call.arguments["kernel_size"], call.arguments["dilation"], [0, 0],
        call.arguments["stride"],
    )  # fmt: skip
    return taken.repeat(1, channels, 1)


@rule(*named("copy"))
def copied(call: Call) -> Tensor:
    """Take another tensor's values."""
    source: Tensor = call.arguments["src"]
    return source.expand(call.shape)


@rule(
    *named(
        "_to_copy", "clone", "contiguous", "dropout", "alpha_dropout", "feature_dropout", "to",
        "lift_fresh_copy", "type_as", "native_dropout", "bernoulli", "expand_as",
    )
)  # fmt: skip
def kept(call: Call) -> Tensor:
    """Stay in place."""
    return call.input.expand(call.shape)


@rule(
    *named(
        "empty_like", "full_like", "new_empty", "new_full", "new_ones", "new_zeros", "ones_like",
        "rand_like", "randn_like", "zeros_like",
    )
)  # fmt: skip
def fresh(call: Call) -> Tensor:
    """Take nothing but a size."""
    return nowhere(call.shape)


def _run(operation: Any, arguments: dict[str, Any]) -> Places:
    """Call an operation by its schema's names, first those that go by position alone."""
    schema = operation._schema.arguments
    positional = [arguments[one.name] for one in schema if not one.kwarg_only]
    keywords = {one.name: arguments[one.name] for one in schema if one.kwarg_only}
    places: Places = operation(*positional, **keywords)
    return places
