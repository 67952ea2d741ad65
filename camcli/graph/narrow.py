"""A tail that computes some of its logits only: who asks for one class need not pay for all."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import fx

from camcli.graph.nodes import packet_of, shape_of

_aten = torch.ops.aten
_WEIGHTED = {_aten.conv2d, _aten.linear}

# What treats every channel by itself, channels being dimension 1 before and after.
_BY_CHANNEL = {
    _aten.adaptive_avg_pool2d, _aten.adaptive_max_pool2d, _aten.avg_pool2d, _aten.clone,
    _aten.contiguous, _aten.dropout, _aten.max_pool2d, _aten.relu,
}  # fmt: skip
_GROUPS = 6


def narrowed(tail: fx.GraphModule, classes: Sequence[int]) -> fx.GraphModule | None:
    """Return the tail with the logits of some classes only, (B, n) in their order.

    Its last convolution or linear layer, which is much of the work of many tails, computes just
    those. None where the logits do not come from such a layer, or what follows it mixes classes.

    Args:
        tail: `(activation, *bypass) -> logits (B, N)`; left as it is.
        classes: n of them.

    """
    if _last_weighted(tail.graph) is None:
        return None
    graph = fx.Graph()
    graph.output(graph.graph_copy(tail.graph, {}))
    narrow = fx.GraphModule(tail, graph)
    last = _last_weighted(graph)
    assert last is not None
    for position, parameter in enumerate(last.args):
        if isinstance(parameter, fx.Node) and parameter.op == "get_attr":
            name = f"narrowed_{position}"
            full = getattr(tail, str(parameter.target))
            narrow.register_buffer(name, full[torch.tensor(classes, device=full.device)])
            with graph.inserting_before(last):
                last.update_arg(position, graph.get_attr(name))
    graph.eliminate_dead_code()
    narrow.recompile()
    return narrow


def _last_weighted(graph: fx.Graph) -> fx.Node | None:
    """Return the layer whose outputs, each treated by itself from there on, are the logits."""
    (output,) = graph.find_nodes(op="output")
    node = output.args[0]
    while isinstance(node, fx.Node) and _keeps_channels_apart(node):
        node = node.args[0]
    if not isinstance(node, fx.Node) or packet_of(node) not in _WEIGHTED or node.kwargs:
        return None
    has_groups = len(node.args) > _GROUPS and node.args[_GROUPS] != 1
    parameters = [argument for argument in node.args[1:3] if isinstance(argument, fx.Node)]
    is_plain = all(parameter.op == "get_attr" for parameter in parameters)
    return node if is_plain and not has_groups else None


def _keeps_channels_apart(node: fx.Node) -> bool:
    if packet_of(node) is _aten.flatten:
        shape = shape_of(node.args[0]) if isinstance(node.args[0], fx.Node) else None
        return node.args[1:] in ((1,), (1, -1)) and shape is not None and shape[2:] == (1, 1)
    return packet_of(node) in _BY_CHANNEL
