"""Cut a traced network at its target layer into a trunk and a tail."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, fx, nn

from camcli.attribution.class_head import ClassHead, match_class_head
from camcli.attribution.deeplift import DeepLift
from camcli.attribution.lrp import Lrp
from camcli.attribution.pooled_head import PooledHead, match_pooled_head
from camcli.errors import LayerError, ModelError, suggest
from camcli.network.layout import Layout, infer_layout
from camcli.network.nodes import (
    ancestors,
    closure,
    descendants,
    innermost_module,
    is_symbolic_int,
    module_paths,
    shape_of,
)
from camcli.network.scores import Probabilities
from camcli.network.trace import TracedNetwork, evaluating

_aten = torch.ops.aten
_SHOWN_NEIGHBOURS = 4


@dataclass(frozen=True)
class Tap:
    """A layer in the tail whose activation is read, too.

    Attributes:
        layer: Its module path.
        layout: How its activation holds its channel maps.
        node: The tail's node that holds it.

    """

    layer: str
    layout: Layout
    node: fx.Node


@dataclass(frozen=True)
class SplitNetwork:
    """A network cut in two behind one layer: `tail(*trunk(images))` are its logits.

    Attributes:
        layer: The module path of the cut.
        layout: How the activation at the cut holds its channel maps.
        trunk: Images (B, 3, H, W) -> (activation, *bypass).
        tail: (activation, *bypass) -> logits (B, N).
        bypasses: Names of the tensors that go round the cut, through a residual connection for
            one; the tail takes them as constants.
        batch_dims: The dimension that counts the images in each of (activation, *bypass).
        image_size: (H, W) of the network's input.
        classes: N.
        probabilities: What turns the logits into probabilities.
        taps: Deeper layers to read in the same pass through the tail.

    """

    layer: str
    layout: Layout
    trunk: Callable[[Tensor], tuple[Tensor, ...]]
    tail: fx.GraphModule
    bypasses: tuple[str, ...]
    batch_dims: tuple[int, ...]
    image_size: tuple[int, int]
    classes: int
    probabilities: Probabilities = "softmax"
    taps: tuple[Tap, ...] = ()

    def predict(self, images: Tensor) -> Tensor:
        """Return the logits (B, N) of images (B, 3, H, W)."""
        logits: Tensor = self.tail(*self.trunk(images))
        return logits

    @cached_property
    def pooled_head(self) -> PooledHead | None:
        """The closed form of the tail, where it is average pooling and a linear layer."""
        return match_pooled_head(self.tail) if self._reads_maps_only else None

    @cached_property
    def class_head(self) -> ClassHead | None:
        """The tail for one class an image, where it is a convolution whose channels are classes."""
        return match_class_head(self.tail) if self._reads_maps_only else None

    @property
    def _reads_maps_only(self) -> bool:
        return self.layout.order == "NCHW" and not self.taps

    @cached_property
    def deeplift(self) -> DeepLift:
        """The tail with DeepLIFT's multipliers for derivatives, and its kept reference.

        Raises:
            LayerError: The tail holds an operation without a rule.

        """
        return DeepLift(self.tail, [tap.node for tap in self.taps])

    @cached_property
    def lrp(self) -> Lrp:
        """The tail with the multipliers of layer-wise relevance propagation for derivatives.

        Raises:
            LayerError: The tail holds an operation without a rule.

        """
        return Lrp(self.tail)


def split(traced: TracedNetwork, layer: str, taps: Sequence[str] = ()) -> SplitNetwork:
    """Cut a traced network behind the module `layer`.

    Args:
        traced: The network.
        layer: Where to cut.
        taps: Layers behind it to read in the same pass.

    Raises:
        LayerError: There is no such module, its output does not reach the logits, or it has no
            extent in space; the message names modules that would serve.

    """
    cut, layout = _spatial(traced, layer)
    after = _after(traced, cut)
    bypass = bypasses_of(traced, cut)
    tail = _Tail(traced, cut, bypass)
    image_shape, logits_shape = shape_of(traced.image), shape_of(traced.logits)
    assert image_shape is not None
    assert logits_shape is not None
    return SplitNetwork(
        layer=layer,
        layout=layout,
        trunk=_trunk(traced, [cut, *bypass]),
        tail=tail.build(after),
        bypasses=tuple(node.name for node in bypass),
        batch_dims=tuple(_batch_dim(traced, node) for node in (cut, *bypass)),
        image_size=(int(image_shape[2]), int(image_shape[3])),
        classes=int(logits_shape[1]),
        probabilities=traced.scores.probabilities,
        taps=tuple(_tap(traced, path, layer, tail) for path in taps),
    )


def _spatial(traced: TracedNetwork, layer: str) -> tuple[fx.Node, Layout]:
    node = find_layer(traced, layer)
    layout = layout_of(traced, node)
    if layout is None:
        raise LayerError(
            f"the layer {layer!r} has no extent in space: its output is {_describe(node)}. "
            f"The nearest that have: {', '.join(_spatial_neighbours(traced, layer))}"
        )
    return node, layout


def _tap(traced: TracedNetwork, path: str, layer: str, tail: _Tail) -> Tap:
    node, layout = _spatial(traced, path)
    if node not in tail.copies:
        raise LayerError(f"the layer {path!r} does not lie behind {layer!r}: name them in order")
    return Tap(path, layout, tail.copies[node])


@torch.no_grad()
def check_split(
    halves: SplitNetwork, traced: TracedNetwork, network: nn.Module, images: Tensor
) -> float:
    """Check that trunk and tail together are the network, in evaluation mode.

    Returns:
        max |tail(*trunk(x)) - network(x)| / max |network(x)|.

    Raises:
        ModelError: `tail(*trunk(x))` differs from `network(x)` by more than rounding.

    """
    with evaluating(network):
        expected = traced.scores.read(network(images))
    found = traced.scores.closing(halves.tail(*halves.trunk(images)))
    # Weights that are not finite make such scores, here as there: rows will say so.
    finite = torch.isfinite(expected)
    scale = max(float(expected[finite].abs().max()) if finite.any() else 0.0, 1e-6)
    worst = float(torch.where(finite, found - expected, 0.0).abs().max())
    if not (worst <= 1e-4 * scale and torch.equal(torch.isfinite(found), finite)):
        raise ModelError(
            f"the network does not compute the same when cut at {halves.layer!r}: its scores "
            f"differ by {worst:.2g} where the largest is {scale:.2g}. Does its forward use random "
            "numbers, or state that changes from call to call?"
        )
    return worst / scale


def layers_of(traced: TracedNetwork) -> dict[str, Layout | None]:
    """Return the module paths whose output reaches the logits, in order, each with its layout.

    The layout is None where the output has no extent in space.
    """
    return {path: layout_of(traced, node) for path, node in module_outputs(traced).items()}


def module_outputs(traced: TracedNetwork) -> dict[str, fx.Node]:
    """Map each module path to the last tensor that was traced in it."""
    useful = descendants([traced.image]) & ancestors([traced.logits])
    outputs: dict[str, fx.Node] = {}
    for node in traced.module.graph.nodes:
        if node in useful and shape_of(node) is not None:
            for path in filter(None, module_paths(node)):
                outputs.pop(path, None)
                outputs[path] = node
    return outputs


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
        f"the network has no layer {layer!r} that feeds its scores{suggest(layer, outputs)}. "
        f"The last with an extent in space: {last}"
    )


def _spatial_neighbours(traced: TracedNetwork, layer: str) -> list[str]:
    layouts = layers_of(traced)
    before = list(layouts)[: list(layouts).index(layer)]
    return [path for path in before if layouts[path]][-_SHOWN_NEIGHBOURS:]


def layout_of(traced: TracedNetwork, node: fx.Node) -> Layout | None:
    """Return how a tensor holds channel maps, None where it has no extent in space."""
    image_shape, shape = shape_of(traced.image), shape_of(node)
    assert image_shape is not None
    if shape is None:
        return None
    sizes = tuple(_static_size(size, traced.batch) for size in shape)
    if -1 in sizes:
        return None
    return infer_layout(sizes, (int(image_shape[2]), int(image_shape[3])))


def _static_size(size: int | torch.SymInt, batch: torch.SymInt) -> int | None:
    """Return a size as a number, None where it is the batch, -1 where it mixes the batch in."""
    if isinstance(size, int):
        return size
    return None if size.node.expr == batch.node.expr else -1


def _batch_dim(traced: TracedNetwork, node: fx.Node) -> int:
    sizes = [_static_size(size, traced.batch) for size in shape_of(node) or ()]
    if None not in sizes:
        raise LayerError(
            f"cannot cut the network here: {node.name}, in {innermost_module(node)}, mixes the "
            "images of a batch; choose a layer before or after it"
        )
    return sizes.index(None)


def _describe(node: fx.Node) -> str:
    sizes = ["B" if isinstance(s, torch.SymInt) else str(s) for s in shape_of(node) or ()]
    return f"({', '.join(sizes)})"


def bypasses_of(traced: TracedNetwork, cut: fx.Node) -> list[fx.Node]:
    """Return the tensors of the images that the tail needs beside the activation itself."""
    of_images, after = _made_of(traced.image), _after(traced, cut)
    needed = {source for node in after - {cut} for source in node.all_input_nodes}
    return [
        node
        for node in traced.module.graph.nodes
        if node in needed and node in of_images - after and not is_symbolic_int(node)
    ]


def _after(traced: TracedNetwork, cut: fx.Node) -> set[fx.Node]:
    """Return what lies between a cut and the logits."""
    return descendants([cut]) & ancestors([traced.logits])


def _made_of(image: fx.Node) -> set[fx.Node]:
    """Return what is computed from the images, and not from their number alone."""
    return closure([image], lambda node: (u for u in node.users if not is_symbolic_int(u)))


def _trunk(traced: TracedNetwork, outputs: Sequence[fx.Node]) -> fx.GraphModule:
    graph = fx.Graph()
    needed = ancestors(outputs)
    copies: dict[fx.Node, fx.Node] = {}
    for node in traced.module.graph.nodes:
        if node in needed:
            copies[node] = graph.node_copy(node, copies.__getitem__)
    graph.output(tuple(copies[node] for node in outputs))
    return _bind(graph, traced.module)


class _Tail:
    """Copies what follows a cut, and the constants it needs, into a graph of its own."""

    def __init__(self, traced: TracedNetwork, cut: fx.Node, bypass: Sequence[fx.Node]) -> None:
        self._traced = traced
        self._cut = cut
        self._graph = fx.Graph()
        self.copies = {node: self._placeholder(node) for node in (cut, *bypass)}

    def build(self, after: set[fx.Node]) -> fx.GraphModule:
        for node in self._traced.module.graph.nodes:
            if node in after:
                self._bring(node)
        self._graph.output(self.copies[self._traced.logits])
        return _bind(self._graph, self._traced.module)

    def _placeholder(self, node: fx.Node) -> fx.Node:
        copy = self._graph.placeholder("activation" if node is self._cut else node.name)
        copy.meta = dict(node.meta)
        return copy

    def _bring(self, node: fx.Node) -> None:
        if node in self.copies:
            return
        if is_symbolic_int(node):
            self.copies[node] = self._multiple_of_batch(node)
            return
        for source in node.all_input_nodes:
            self._bring(source)
        self.copies[node] = self._graph.node_copy(node, self.copies.__getitem__)

    def _multiple_of_batch(self, node: fx.Node) -> fx.Node:
        """Compute a size that the trunk knew from its images out of the activation's batch."""
        batch = self._traced.batch.node.expr
        factor = node.meta["val"].node.expr / batch
        if not factor.is_Integer:
            raise LayerError(
                f"cannot cut the network here: it computes {node.meta['val']} from the batch size "
                f"{batch} ({node.name}); choose a layer further on"
            )
        along = _batch_dim(self._traced, self._cut)
        activation = self.copies[self._cut]
        size = self._graph.call_function(_aten.sym_size.int, (activation, along))
        size.meta["val"] = self._traced.batch
        if factor != 1:
            size = self._graph.call_function(operator.mul, (size, int(factor)))
            size.meta["val"] = node.meta["val"]
        return size


def _bind(graph: fx.Graph, owner: nn.Module) -> fx.GraphModule:
    """Make a graph a module that shares the parameters it names, without their gradients."""
    root = nn.Module()
    for node in graph.nodes:
        if node.op == "get_attr":
            name = re.sub(r"\W", "_", node.target)
            named = operator.attrgetter(node.target)(owner)
            if isinstance(named, nn.Module):  # a branch of torch.cond
                root.add_module(name, named)
            else:
                root.register_buffer(name, named.detach())
            node.target = name
        elif node.target is _aten.view.default:
            # A view relies on strides, which are others where attention comes from another kernel
            # than when it was traced, as it does with its derivatives.
            node.target = _aten.reshape.default
    return fx.GraphModule(root, graph)
