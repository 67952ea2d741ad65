"""Questions about the nodes of an exported graph, asked from everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import fx


def packet_of(node: fx.Node) -> Callable[..., Any] | None:
    """Return the operation that a node calls, without its overload; None for other nodes."""
    if node.op != "call_function" or isinstance(node.target, str):
        return None
    packet: Callable[..., Any] = getattr(node.target, "overloadpacket", node.target)
    return packet


def operation_name(node: fx.Node) -> str:
    """Return a node's operation as PyTorch spells it, such as `aten.max_pool2d`."""
    return str(packet_of(node) or node.target)


def module_paths(node: fx.Node) -> list[str]:
    """Return the paths of the modules that a node was traced in, outermost first.

    The second call of a module that is called more than once carries `@1` behind its path, the
    third `@2`, and so on.
    """
    stack = node.meta.get("nn_module_stack") or {}
    return [path + "".join(key.partition("@")[1:]) for key, (path, _) in stack.items()]


def outputs_of_modules(
    module: fx.GraphModule, image: fx.Node, logits: fx.Node
) -> dict[str, fx.Node]:
    """Map each module path to the last tensor traced in it, between the image and the logits."""
    useful = descendants([image]) & ancestors([logits])
    outputs: dict[str, fx.Node] = {}
    for node in module.graph.nodes:
        if node in useful and shape_of(node) is not None:
            for path in filter(None, module_paths(node)):
                outputs.pop(path, None)
                outputs[path] = node
    return outputs


def innermost_module(node: fx.Node) -> str:
    """Return the path of the module that a node belongs to, for messages."""
    paths = [path for path in module_paths(node) if path]
    return paths[-1] if paths else "the model's own forward"


def shape_of(node: fx.Node) -> tuple[int | torch.SymInt, ...] | None:
    """Return the shape of a node's tensor, the batch as a symbol; None if it is no tensor."""
    value = node.meta.get("val")
    return tuple(value.shape) if isinstance(value, torch.Tensor) else None


def is_symbolic_int(node: fx.Node) -> bool:
    """Return whether a node computes a size from the batch size."""
    return isinstance(node.meta.get("val"), torch.SymInt)


def ancestors(nodes: Iterable[fx.Node]) -> set[fx.Node]:
    """Return the nodes given and all that they are computed from."""
    return closure(nodes, lambda node: node.all_input_nodes)


def descendants(nodes: Iterable[fx.Node]) -> set[fx.Node]:
    """Return the nodes given and all that are computed from them."""
    return closure(nodes, lambda node: list(node.users))


def dependents(image: fx.Node) -> set[fx.Node]:
    """Return a node and all that is computed from its values: a size of the batch is none."""
    return closure([image], lambda node: (u for u in node.users if not is_symbolic_int(u)))


def closure(nodes: Iterable[fx.Node], step: Callable[[fx.Node], Iterable[fx.Node]]) -> set[fx.Node]:
    """Return the nodes given and all that repeated steps lead to."""
    seen: set[fx.Node] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting.extend(step(node))
    return seen
