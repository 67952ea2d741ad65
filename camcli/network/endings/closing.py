"""The end of a network as a function: what it makes of the numbers at one of its nodes."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, fx

from camcli.network.nodes import dependents, is_symbolic_int, packet_of, shape_of

_aten = torch.ops.aten

# What makes numbers by learned weights: an ending lies behind the last of these.
WEIGHING = {_aten.addmm, _aten.conv1d, _aten.conv2d, _aten.convolution, _aten.linear, _aten.mm}


@dataclass(frozen=True)
class Closing:
    """A function that a network computes between two of its nodes, of `source` alone.

    Attributes:
        module: The network.
        batch: The symbol of its batch size.
        source: Whose tensor is given.
        result: Whose tensor is returned, the network's scores.

    """

    module: fx.GraphModule
    batch: torch.SymInt
    source: fx.Node
    result: fx.Node

    @property
    def width(self) -> int | None:
        """How many floating-point numbers an image has at the source; None without (B, ...)."""
        value, shape = self.source.meta.get("val"), shape_of(self.source)
        if not shape or not isinstance(value, Tensor) or not value.is_floating_point():
            return None
        first, *others = shape
        if not isinstance(first, torch.SymInt) or first.node.expr != self.batch.node.expr:
            return None
        return prod(map(int, others)) if all(isinstance(s, int) for s in others) else None

    def __call__(self, rows: Tensor) -> Tensor:
        """Return what the network makes of numbers at the source, (R, width): (R, N)."""
        like = self.source.meta["val"]
        given = rows.to(like.device, like.dtype).reshape(len(rows), *like.shape[1:])
        known: dict[fx.Node, Any] = {self.source: given}
        with torch.no_grad():
            found: Tensor = self._value(self.result, len(rows), known)
        return found.reshape(len(rows), -1).to(rows)

    def _value(self, node: fx.Node, rows: int, known: dict[fx.Node, Any]) -> Any:
        if node not in known:
            known[node] = self._computed(node, rows, known)
        return known[node]

    def _computed(self, node: fx.Node, rows: int, known: dict[fx.Node, Any]) -> Any:
        if is_symbolic_int(node):
            return int(node.meta["val"].node.expr.subs(self.batch.node.expr, rows))
        if node.op == "get_attr":
            return operator.attrgetter(str(node.target))(self.module)
        arguments, keywords = fx.node.map_arg(
            (node.args, node.kwargs), lambda source: self._value(source, rows, known)
        )
        assert callable(node.target)
        return node.target(*arguments, **keywords)


def closings(
    module: fx.GraphModule, image: fx.Node, batch: torch.SymInt, result: fx.Node
) -> Iterator[Closing]:
    """Go back from a network's scores through every node that they depend on the image by alone.

    Yields:
        The closing behind each, the shortest first, up to where weights made the numbers.

    """
    of_image = dependents(image)
    waiting = {result}
    for node in reversed(module.graph.nodes):
        if node not in waiting:
            continue
        waiting.remove(node)
        if not waiting:
            yield Closing(module, batch, node, result)
        if packet_of(node) in WEIGHING or node is image:
            return
        waiting.update(of_image.intersection(node.all_input_nodes))
