"""Where each module's output lies in a traced network, and which of them are spatial."""

from __future__ import annotations

import torch
from torch import fx

from camcli.errors import LayerError, suggest
from camcli.network.layout import Layout
from camcli.network.nodes import innermost_module, operation_name, shape_of
from camcli.network.places import Nowhere
from camcli.network.trace import TracedNetwork

_SHOWN_NEIGHBOURS = 4


def layers_of(traced: TracedNetwork) -> dict[str, Layout | None]:
    """Return the module paths whose output reaches the logits, in order, each with its layout.

    The layout is None where the output has no extent in space.
    """
    return {path: layout_of(traced, node) for path, node in module_outputs(traced).items()}


def module_outputs(traced: TracedNetwork) -> dict[str, fx.Node]:
    """Map each module path to the last tensor that was traced in it."""
    return traced.outputs


def find_layer(traced: TracedNetwork, layer: str) -> fx.Node:
    """Return the node that holds a module's output.

    Raises:
        LayerError: There is no such module, or its output does not reach the logits.

    """
    outputs = module_outputs(traced)
    if layer in outputs:
        return outputs[layer]
    spatial = [path for path, node in outputs.items() if layout_of(traced, node)]
    last = ", ".join(spatial[-_SHOWN_NEIGHBOURS:])
    raise LayerError(
        f"the network has no layer {layer!r} that feeds its scores{suggest(layer, outputs)} (the "
        f"last with an extent in space: {last}; `camcli layers MODEL` lists all)"
    )


def find_spatial_layer(traced: TracedNetwork, layer: str) -> tuple[fx.Node, Layout]:
    """Return the node that holds a module's output, and how it holds channel maps.

    Raises:
        LayerError: There is no such module, or its output has no extent in space; the message
            names modules that would serve.

    """
    node = find_layer(traced, layer)
    reading = traced.readings[node]
    if isinstance(reading, Layout):
        return node, reading
    raise LayerError(
        f"{_why_not(layer, node, reading)}. The nearest layers before it that serve: "
        f"{', '.join(_spatial_neighbours(traced, layer)) or 'none'}"
    )


def layout_of(traced: TracedNetwork, node: fx.Node) -> Layout | None:
    """Return how a module's output holds channel maps, None where it is no known grid."""
    reading = traced.readings[node]
    return reading if isinstance(reading, Layout) else None


def static_size(size: int | torch.SymInt, batch: torch.SymInt) -> int | None:
    """Return a size as a number, None for the batch itself, -1 for one computed from the batch."""
    if isinstance(size, int):
        return size
    return None if size.node.expr == batch.node.expr else -1


def _why_not(layer: str, node: fx.Node, reading: Nowhere) -> str:
    output = _describe(node)
    if reading.culprit is not None:
        return (
            f"cannot tell how the layer {layer!r} lies in space: its output {output} is computed "
            f"through {operation_name(reading.culprit)} (in {innermost_module(reading.culprit)}), "
            "behind which places cannot be followed"
        )
    if reading.tangled:
        return (
            f"cannot take channel maps out of the layer {layer!r}: its output {output} holds "
            "places of the image, but not as one grid for each channel"
        )
    return f"the layer {layer!r} has no extent in space: its output is {output}"


def _spatial_neighbours(traced: TracedNetwork, layer: str) -> list[str]:
    layouts = layers_of(traced)
    before = list(layouts)[: list(layouts).index(layer)]
    return [path for path in before if layouts[path]][-_SHOWN_NEIGHBOURS:]


def _describe(node: fx.Node) -> str:
    sizes = ["B" if isinstance(s, torch.SymInt) else str(s) for s in shape_of(node) or ()]
    return f"({', '.join(sizes)})"
