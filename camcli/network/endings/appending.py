"""Add operations to an exported graph."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, fx

_aten = torch.ops.aten


def append(graph: fx.Graph, operation: Any, *args: Any, **kwargs: Any) -> fx.Node:
    """Add a call at the end of a graph, its result's shape worked out; it belongs to no module."""
    (output,) = graph.find_nodes(op="output")
    with graph.inserting_before(output):
        node = graph.call_function(operation, args, kwargs)
    values = fx.node.map_arg(args, lambda source: source.meta["val"])
    node.meta["val"] = operation(*values, **kwargs)
    return node


def as_rows(node: fx.Node) -> fx.Node:
    """Return a node's tensor (B, ...) as (B, N) in the images' precision: as rows of scores."""
    value: Tensor = node.meta["val"]
    if value.dim() == 1:
        node = append(node.graph, _aten.unsqueeze.default, node, 1)
    elif value.dim() > 2:
        node = append(node.graph, _aten.flatten.using_ints, node, 1)
    (image,) = node.graph.find_nodes(op="placeholder")
    wanted = image.meta["val"].dtype
    if value.is_floating_point() and value.dtype != wanted:
        node = append(node.graph, _aten._to_copy.default, node, dtype=wanted)
    return node


def pick_columns(module: fx.GraphModule, node: fx.Node, columns: tuple[int, ...]) -> fx.Node:
    """Return columns of a node's tensor (B, N), in the order given: (B, len(columns))."""
    value = node.meta["val"]
    if columns == tuple(range(value.shape[1])):
        return node
    index = torch.tensor(columns, device=value.device)
    name = f"_columns_{sum(1 for _ in module.graph.nodes)}"
    module.register_buffer(name, index, persistent=False)
    (output,) = module.graph.find_nodes(op="output")
    with module.graph.inserting_before(output):
        constant = module.graph.get_attr(name)
    constant.meta["val"] = value.fake_mode.from_tensor(index)
    return append(module.graph, _aten.index_select.default, node, 1, constant)
