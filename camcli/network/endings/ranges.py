"""Between which numbers the values at a node must lie, as far as its operations bound them."""

from __future__ import annotations

import operator
from dataclasses import replace

import torch
from torch import Tensor, fx, nn

from camcli.network.endings import elements, gathering
from camcli.network.endings.bounds import ANYTHING, BOUNDS, Range, union
from camcli.network.nodes import closure, dependents, descendants, packet_of

__all__ = ["elements", "gathering", "range_of"]  # the two fill the table of bounds

_aten = torch.ops.aten

_PRODUCTS = {
    _aten.addmm, _aten.baddbmm, _aten.bilinear, _aten.bmm, _aten.conv1d, _aten.conv2d,
    _aten.convolution, _aten.einsum, _aten.linear, _aten.matmul, _aten.mm, _aten.mv,
}  # fmt: skip
_NORMS = {_aten.batch_norm, _aten.group_norm, _aten.instance_norm, _aten.layer_norm}
# Of two operands that depend on the image, one may bound the other, as in x / (1 + x).
_ENTANGLING = _PRODUCTS | {
    _aten.addcmul, _aten.div, _aten.lerp, _aten.mul, _aten.pow, _aten.true_divide,
}  # fmt: skip


def range_of(module: fx.GraphModule, node: fx.Node) -> Range:
    """Return the bounds of a node's values; `ANYTHING` where an operation is not known to bound.

    What a layer computes by learned weights is bounded by nothing.
    """
    walk = _Walk(module)
    needed = closure([node], walk.sources)
    for one in module.graph.nodes:
        if one in needed:
            walk.visit(one)
    return walk.found[node]


class _Walk:
    """The bounds of nodes, computed in the order of the graph.

    Attributes:
        found: Of the nodes that were visited.

    """

    def __init__(self, module: fx.GraphModule) -> None:
        self.found: dict[fx.Node, Range] = {}
        self._module = module
        (image,) = module.graph.find_nodes(op="placeholder")
        self._of_image = dependents(image)
        constants = module.graph.find_nodes(op="get_attr")
        parameters = [one for one in constants if isinstance(self._constant(one), nn.Parameter)]
        self._learned = descendants(parameters) - self._of_image

    def sources(self, node: fx.Node) -> list[fx.Node]:
        """Return the nodes whose bounds decide those of another."""
        is_leaf = self._weighs(node) or packet_of(node) not in BOUNDS
        return [] if is_leaf else node.all_input_nodes

    def visit(self, node: fx.Node) -> None:
        """Bound a node whose sources were visited."""
        packet = packet_of(node)
        if node.op == "get_attr":
            self.found[node] = _range_of_constant(self._constant(node))
        elif self._weighs(node):
            self.found[node] = Range()
        elif packet not in BOUNDS:
            self.found[node] = ANYTHING
        else:
            found = BOUNDS[packet](node, [self._given(argument) for argument in node.args])
            self.found[node] = replace(found, tight=found.tight and self._keeps_tight(node))

    def _weighs(self, node: fx.Node) -> bool:
        """Return whether a node computes its values by weights that were learned."""
        return packet_of(node) in _PRODUCTS | _NORMS and not self._learned.isdisjoint(
            node.all_input_nodes
        )

    def _keeps_tight(self, node: fx.Node) -> bool:
        sources = self._of_image.intersection(node.all_input_nodes)
        if len(sources) > 1 and packet_of(node) in _ENTANGLING:
            return False
        return all(self.found[source].tight for source in sources)

    def _given(self, argument: object) -> Range:
        if isinstance(argument, fx.Node):
            return self.found[argument]
        if isinstance(argument, bool | int | float):
            return Range(float(argument), float(argument))
        if isinstance(argument, list | tuple):
            return union(*map(self._given, argument))
        return ANYTHING

    def _constant(self, node: fx.Node) -> object:
        return operator.attrgetter(str(node.target))(self._module)


def _range_of_constant(value: object) -> Range:
    if not isinstance(value, Tensor) or value.numel() == 0 or value.is_complex():
        return ANYTHING
    low, high = value.detach().aminmax()
    return Range(float(low), float(high))
