"""Cut a traced network behind one node: the graph before it, the graph after, what bypasses it."""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence

import torch
from torch import Tensor, fx, nn

from camcli.errors import LayerError, ModelError
from camcli.network.nodes import (
    ancestors,
    closure,
    descendants,
    innermost_module,
    is_symbolic_int,
    shape_of,
)
from camcli.network.outputs import static_size
from camcli.network.trace import TracedNetwork

_aten = torch.ops.aten


def bypasses_of(traced: TracedNetwork, cut: fx.Node) -> list[fx.Node]:
    """Return the tensors of the images that the tail needs beside the activation itself."""
    of_images, behind = _made_of(traced.image), nodes_behind(traced, cut)
    needed = {source for node in behind - {cut} for source in node.all_input_nodes}
    return [
        node
        for node in traced.module.graph.nodes
        if node in needed and node in of_images - behind and not is_symbolic_int(node)
    ]


def nodes_behind(traced: TracedNetwork, cut: fx.Node) -> set[fx.Node]:
    """Return the nodes between a cut and the logits, both included."""
    return descendants([cut]) & ancestors([traced.logits])


def build_trunk(traced: TracedNetwork, outputs: Sequence[fx.Node]) -> fx.GraphModule:
    """Return a module `images -> outputs` of everything that some nodes are computed from."""
    graph = fx.Graph()
    needed = ancestors(outputs)
    copies: dict[fx.Node, fx.Node] = {}
    for node in traced.module.graph.nodes:
        if node in needed:
            copies[node] = graph.node_copy(node, copies.__getitem__)
    graph.output(tuple(copies[node] for node in outputs))
    return _bind(graph, traced.module)


class TailBuilder:
    """Copies what follows a cut, and the constants it needs, into a graph of its own.

    Attributes:
        copies: The tail's node for each node of the network that has been copied.

    """

    def __init__(self, traced: TracedNetwork, cut: fx.Node, bypass: Sequence[fx.Node]) -> None:
        self._traced = traced
        self._cut = cut
        self._graph = fx.Graph()
        self.copies = {node: self._placeholder(node) for node in (cut, *bypass)}

    def build(self) -> fx.GraphModule:
        """Return the module `(activation, *bypass) -> logits`.

        Raises:
            LayerError: It computes a size from the batch that the activation does not show.

        """
        behind = nodes_behind(self._traced, self._cut)
        for node in self._traced.module.graph.nodes:
            if node in behind:
                self._copy_with_sources(node)
        self._graph.output(self.copies[self._traced.logits])
        return _bind(self._graph, self._traced.module)

    def _placeholder(self, node: fx.Node) -> fx.Node:
        copy = self._graph.placeholder("activation" if node is self._cut else node.name)
        copy.meta = dict(node.meta)
        return copy

    def _copy_with_sources(self, node: fx.Node) -> None:
        if node in self.copies:
            return
        if is_symbolic_int(node):
            self.copies[node] = self._multiple_of_batch(node)
            return
        for source in node.all_input_nodes:
            self._copy_with_sources(source)
        self.copies[node] = self._graph.node_copy(node, self.copies.__getitem__)

    def _multiple_of_batch(self, node: fx.Node) -> fx.Node:
        """Compute from the activation's batch a size that the network has from its images."""
        batch = self._traced.batch.node.expr
        factor = node.meta["val"].node.expr / batch
        if not factor.is_Integer:
            raise LayerError(
                f"cannot cut the network here: it computes {node.meta['val']} from the batch size "
                f"{batch} ({node.name}); choose a layer further on"
            )
        along = batch_dim(self._traced, self._cut)
        activation = self.copies[self._cut]
        size = self._graph.call_function(_aten.sym_size.int, (activation, along))
        size.meta["val"] = self._traced.batch
        if factor != 1:
            size = self._graph.call_function(operator.mul, (size, int(factor)))
            size.meta["val"] = node.meta["val"]
        return size


def batch_dim(traced: TracedNetwork, node: fx.Node) -> int:
    """Return the dimension of a node's tensor that counts the images.

    Raises:
        LayerError: There is none: the tensor mixes the images of a batch.

    """
    sizes = [static_size(size, traced.batch) for size in shape_of(node) or ()]
    if None not in sizes:
        raise LayerError(
            f"cannot cut the network here: {node.name}, in {innermost_module(node)}, mixes the "
            "images of a batch; choose a layer before or after it"
        )
    return sizes.index(None)


def _made_of(image: fx.Node) -> set[fx.Node]:
    """Return what is computed from the images, and not from their number alone."""
    return closure([image], lambda node: (u for u in node.users if not is_symbolic_int(u)))


def _bind(graph: fx.Graph, owner: nn.Module) -> fx.GraphModule:
    """Make a graph a module that shares the parameters it names, without their gradients."""
    root = nn.Module()
    for node in graph.nodes:
        if node.op == "get_attr":
            name = re.sub(r"\W", "_", node.target)
            named = operator.attrgetter(node.target)(owner)
            if isinstance(named, nn.Module):  # a branch of torch.cond
                root.add_module(name, named)
            elif isinstance(named, Tensor):
                root.register_buffer(name, named.detach())
            else:
                raise ModelError(
                    f"the network's forward computes with a {type(named).__name__}, such as draws "
                    "random numbers, which cannot be traced: draw them once, where the network is "
                    "made, and keep them as a buffer"
                )
            node.target = name
        elif node.target is _aten.view.default:
            # A view relies on the strides of the kernel that was traced; attention with derivatives
            # comes from another kernel, with other strides.
            node.target = _aten.reshape.default
    return fx.GraphModule(root, graph)
