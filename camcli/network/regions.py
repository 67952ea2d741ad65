"""Put the graphs of regions back into the graph around them.

What a network computes under `torch.no_grad` or `torch.autocast` is exported as a graph of its own
behind one node. Its operations are the network's like any other, and keep their modules' names.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from torch import fx
from torch._ops import HigherOrderOperator

_INLINED = frozenset({"wrap_with_set_grad_enabled", "wrap_with_autocast"})


def inline_regions(module: fx.GraphModule) -> None:
    """Replace each region by the operations in it, those of regions within regions as well.

    Gradients flow through what stood under `torch.no_grad`, as they belong to camcli and not to
    the training of the network; nothing is cast any more where `torch.autocast` was enabled.
    """
    for child in module.children():
        if isinstance(child, fx.GraphModule):
            inline_regions(child)
    for node in list(module.graph.nodes):
        if isinstance(node.target, HigherOrderOperator) and node.target.name() in _INLINED:
            _inline(module, node)
    module.graph.lint()
    module.recompile()


def has_regions(graph: fx.Graph) -> bool:
    """Return whether there are parts that are graphs of their own still, as of `torch.cond`."""
    return any(isinstance(node.target, HigherOrderOperator) for node in graph.nodes)


def _inline(module: fx.GraphModule, region: fx.Node) -> None:
    place, held = next(
        (place, argument)
        for place, argument in enumerate(region.args)
        if isinstance(argument, fx.Node) and argument.op == "get_attr"
    )
    inner: fx.GraphModule = operator.attrgetter(str(held.target))(module)
    inputs = iter(region.args[place + 1 :])
    copies: dict[fx.Node, Any] = {}
    with module.graph.inserting_before(region):
        for node in inner.graph.nodes:
            if node.op == "placeholder":
                copies[node] = next(inputs)
            elif node.op != "output":
                copies[node] = module.graph.node_copy(node, copies.__getitem__)
            if node.op == "get_attr":  # a branch of torch.cond, which stays where it is
                copies[node].target = f"{held.target}.{node.target}"
    (results,) = inner.graph.output_node().args
    _hand_on(region, [copies[result] for result in results])  # type: ignore[union-attr, index]
    module.graph.erase_node(region)
    if not held.users:
        module.graph.erase_node(held)


def _hand_on(region: fx.Node, results: Sequence[fx.Node]) -> None:
    """Give a region's results to whoever takes them out of it."""
    for user in list(region.users):
        assert user.target is operator.getitem, "a region returns a tuple"
        result, name = results[user.args[1]], user.name  # type: ignore[index]
        user.replace_all_uses_with(result)
        user.graph.erase_node(user)
        if result.op != "placeholder":
            result._rename(name)  # by which the exporter knows outputs of the network
