"""Follow places through the graph of a network, from the image on."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, fx

from camcli.network.nodes import ancestors, descendants
from camcli.network.places.arrays import is_somewhere, nowhere, of_pixels
from camcli.network.places.merging import both, is_pointwise, merged
from camcli.network.places.moves import is_view, moved
from camcli.network.places.reading import Nowhere, Reading, read
from camcli.network.places.registry import RULES, Call, Places, Rule


@torch.no_grad()
def follow(
    module: fx.GraphModule, image: fx.Node, wanted: Collection[fx.Node]
) -> dict[fx.Node, Reading]:
    """Return how each wanted node's tensor lies in space.

    Args:
        module: A functional graph.
        image: Its node of the images, (B, 3, H, W).
        wanted: Nodes that hold tensors.

    """
    shape = image.meta["val"].shape
    pixels = of_pixels(int(shape[2]), int(shape[3]), int(shape[1]))
    walk = _Walk(module, shape[0].node.expr, {image: pixels})
    return {node: walk.read(node) for node in walk.along(wanted) if node in wanted}


class _Walk:
    """One pass through a graph, forgetting what no operation needs any more."""

    def __init__(
        self, module: fx.GraphModule, batch: Any, places: Mapping[fx.Node, Places]
    ) -> None:
        """Begin with the places of the graph's inputs."""
        self._module, self._batch = module, batch
        self._of_image = descendants(places)
        self._places: dict[fx.Node, Places] = dict(places)
        self._culprits: dict[fx.Node, fx.Node] = {}
        self._constants: dict[fx.Node, Any] = {}

    def along(self, wanted: Collection[fx.Node]) -> Iterator[fx.Node]:
        """Yield each node on the way to some, once its places are known, until it is left."""
        needed = ancestors(wanted) & self._of_image
        nodes = [node for node in self._module.graph.nodes if node in needed]
        last_use = {source: node for node in nodes for source in node.all_input_nodes}
        for node in nodes:
            if node not in self._places and _tensors_of(node):
                self._places[node] = self._follow(node)
            yield node
            for source in {*node.all_input_nodes, node}:
                if last_use.get(source, node) is node:
                    self._places.pop(source, None)

    def results(self) -> list[Tensor]:
        """Return the places of what the graph returns."""
        returned = self._module.graph.output_node().all_input_nodes
        found = {node: self._places[node] for node in self.along(returned) if node in returned}
        return [one for node in returned for one in _each(found.get(node, self._nowhere(node)))]

    def read(self, node: fx.Node) -> Reading:
        """Return how a node's tensor lies in space."""
        places = self._places[node]
        if not isinstance(places, Tensor):
            return Nowhere()
        sizes = tuple(self._symbolic(size) for size in node.meta["val"].shape)
        return read(places, sizes, self._culprits.get(node))

    def _follow(self, node: fx.Node) -> Places:
        if node.target is operator.getitem:
            return self._taken(node)
        places = self._by_rule(node)
        if places is None:
            self._blame(node, node)
            return self._nowhere(node)
        if isinstance(places, Tensor) and not is_somewhere(places):
            sources = [self._culprits.get(source) for source in node.all_input_nodes]
            self._blame(node, next(filter(None, sources), None))
        return places

    def _taken(self, node: fx.Node) -> Tensor:
        """Return one of several results of an operation."""
        (source,), number = node.all_input_nodes, node.args[1]
        assert isinstance(number, int)
        self._blame(node, self._culprits.get(source))
        return _each(self._places[source])[number]

    def _by_rule(self, node: fx.Node) -> Places | None:
        known = [self._places[s] for s in node.all_input_nodes if s in self._places]
        if not any(is_somewhere(one) for places in known for one in _each(places)):
            return self._nowhere(node)
        operation = node.target
        if operation is torch.ops.higher_order.cond:
            return self._by_branches(node)
        if not isinstance(operation, torch._ops.OpOverload):
            return None
        rule = _rule_of(operation)
        if rule is None:
            return None
        try:
            places = rule(self._call(node, operation))
        except (RuntimeError, IndexError, ValueError, TypeError):  # not a use that it foresees
            return None
        if places is None or [tuple(one.shape) for one in _each(places)] != self._shapes(node):
            return None
        return places

    def _by_branches(self, node: fx.Node) -> Places | None:
        """Follow both branches of a condition, which must agree."""
        _, *branches, operands = node.args
        assert isinstance(operands, list | tuple)
        followed = []
        for branch in branches:
            assert isinstance(branch, fx.Node)
            module = operator.attrgetter(str(branch.target))(self._module)
            inputs = module.graph.find_nodes(op="placeholder")
            given = dict(zip(inputs, operands, strict=True))
            of_image = {one: self._places[it] for one, it in given.items() if it in self._places}
            followed.append(_Walk(module, self._batch, of_image).results())
        agreed = tuple(both(one, other) for one, other in zip(*followed, strict=True))
        shapes = self._shapes(node)
        found = tuple(one.expand(shape) for one, shape in zip(agreed, shapes, strict=True))
        return found if isinstance(node.meta["val"], list | tuple) else found[0]

    def _call(self, node: fx.Node, operation: torch._ops.OpOverload) -> Call:
        schema = operation._schema.arguments
        given = dict(zip((one.name for one in schema), node.args, strict=False)) | node.kwargs
        arguments = {one.name: given.get(one.name, one.default_value) for one in schema}
        return Call(
            operation=operation,
            arguments={name: self._substituted(value) for name, value in arguments.items()},
            shapes=tuple(self._shapes(node)),
            value=lambda name: self._value(arguments[name]),
        )

    def _substituted(self, argument: Any) -> Any:
        return fx.node.map_arg(argument, self._places_or_number)

    def _places_or_number(self, node: fx.Node) -> Any:
        value = node.meta.get("val")
        if node in self._places:
            return self._places[node]
        if isinstance(value, Tensor):
            return nowhere(self._shapes(node)[0])
        return self._constant(node)

    def _value(self, argument: Any) -> Any:
        """Return the values of an argument, None where they depend on the image."""
        nodes: list[fx.Node] = []
        fx.node.map_arg(argument, nodes.append)
        if any(node in self._of_image and _tensors_of(node) for node in nodes):
            return None
        return fx.node.map_arg(argument, self._constant)

    def _constant(self, node: fx.Node) -> Any:
        """Compute what does not depend on the image, for one image."""
        if node not in self._constants:
            value = node.meta.get("val")
            if isinstance(value, torch.SymInt):
                self._constants[node] = self._number(value)
            elif node.op == "get_attr":
                self._constants[node] = operator.attrgetter(str(node.target))(self._module)
            else:
                args = fx.node.map_arg(node.args, self._constant)
                kwargs = fx.node.map_arg(node.kwargs, self._constant)
                assert callable(node.target)
                self._constants[node] = node.target(*args, **kwargs)
        return self._constants[node]

    def _nowhere(self, node: fx.Node) -> Places:
        found = tuple(nowhere(shape) for shape in self._shapes(node))
        return found if isinstance(node.meta["val"], list | tuple) else found[0]

    def _shapes(self, node: fx.Node) -> list[tuple[int, ...]]:
        return [tuple(map(self._number, one.shape)) for one in _tensors_of(node)]

    def _number(self, size: int | torch.SymInt) -> int:
        """Return a size for one image."""
        return size if isinstance(size, int) else int(size.node.expr.subs(self._batch, 1))

    def _symbolic(self, size: int | torch.SymInt) -> int | None:
        """Return a size, None for the batch itself, -1 for one computed from the batch."""
        if isinstance(size, int):
            return size
        return None if size.node.expr == self._batch else -1

    def _blame(self, node: fx.Node, culprit: fx.Node | None) -> None:
        if culprit is not None:
            self._culprits[node] = culprit


def _rule_of(operation: torch._ops.OpOverload) -> Rule | None:
    if operation.overloadpacket in RULES:
        rule: Callable[[Call], Places | None] = RULES[operation.overloadpacket]
        if len(operation._schema.returns) == 1 and is_pointwise(operation):
            return merged
        return rule
    if is_view(operation):
        return moved
    return merged if is_pointwise(operation) else None


def _tensors_of(node: fx.Node) -> list[Tensor]:
    value = node.meta.get("val")
    values = value if isinstance(value, list | tuple) else [value]
    return [one for one in values if isinstance(one, Tensor)]


def _each(places: Places) -> tuple[Tensor, ...]:
    return (places,) if isinstance(places, Tensor) else tuple(places)
