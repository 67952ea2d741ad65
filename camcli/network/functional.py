"""Make the in-place operations of an exported graph functional.

`relu_`, `add_` and their like survive `torch.export`, and a graph that overwrites its own
activations can be neither cut nor differentiated.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import fx

from camcli.network.nodes import packet_of

_aten = torch.ops.aten

# Operations that may hand on their input's own memory although their schema does not declare it.
_MAY_ALIAS = {
    _aten.contiguous,
    _aten.dropout,
    _aten.feature_dropout,
    _aten.flatten,
    _aten.reshape,
    _aten.to,
    _aten.type_as,
}


def make_functional(graph: fx.Graph) -> bool:
    """Replace every in-place operation by its functional twin, in place.

    Returns:
        Whether it could be done by replacement alone. Where another view of the overwritten
        memory is read later it cannot, and the graph is left half done, to be thrown away.

    """
    position = {node: place for place, node in enumerate(graph.nodes)}
    for node in list(graph.nodes):
        if not _is_in_place(node):
            continue
        twin = _functional_twin(node.target)
        overwritten = node.args[0]
        if twin is None or not isinstance(overwritten, fx.Node):
            return False
        if _is_seen_elsewhere(overwritten, node, position):
            return False
        node.target = twin
        for user in list(overwritten.users):
            if position[user] > position[node]:
                user.replace_input_with(overwritten, node)
    return True


def keep_batch(graph: fx.Graph) -> None:
    """Let a `squeeze` of all dimensions of size 1 leave the batch alone where it is of size 1."""
    for node in graph.find_nodes(op="call_function", target=_aten.squeeze.default):
        sizes = node.args[0].meta["val"].shape
        ones = [dim for dim, size in enumerate(sizes) if isinstance(size, int) and size == 1]
        node.target, node.args = _aten.squeeze.dims, (node.args[0], ones)


def _is_in_place(node: fx.Node) -> bool:
    return isinstance(node.target, torch._ops.OpOverload) and node.target._schema.is_mutable


def _functional_twin(op: Any) -> Any | None:
    packet_name, overload = op._schema.name.split("::")[-1], op._overloadname
    packet = getattr(_aten, packet_name.removesuffix("_"), None)
    if not packet_name.endswith("_") or packet is None or overload not in packet.overloads():
        return None
    return getattr(packet, overload)


def _is_seen_elsewhere(overwritten: fx.Node, by: fx.Node, position: dict[fx.Node, int]) -> bool:
    """Return whether memory overwritten by a node is also reached through another name."""
    if any(_is_alias(user) and position[user] < position[by] for user in overwritten.users):
        return True
    node = overwritten
    while _is_alias(node):
        base = node.args[0]
        if not isinstance(base, fx.Node) or len(base.users) > 1:
            return True
        node = base
    return node.op == "get_attr"


def _is_alias(node: fx.Node) -> bool:
    if packet_of(node) in _MAY_ALIAS:
        return True
    if not isinstance(node.target, torch._ops.OpOverload):
        return False
    infos = [result.alias_info for result in node.target._schema.returns]
    return any(info is not None and not info.is_write for info in infos)
