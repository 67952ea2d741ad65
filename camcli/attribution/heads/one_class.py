"""The head of a Network in Network, computed for one class an image instead of for all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor, fx

from camcli.attribution.contributions import Contributions
from camcli.attribution.deeplift import DeepLift
from camcli.attribution.heads.general import GeneralHead
from camcli.attribution.objective import Objective
from camcli.attribution.tail import Tail
from camcli.network.nodes import packet_of

_aten = torch.ops.aten
_CHANNEL_BY_CHANNEL = {
    _aten.adaptive_avg_pool2d,
    _aten.avg_pool2d,
    _aten.dropout,
    _aten.hardtanh,
    _aten.relu,
    _aten.relu6,
    _aten.silu,
}
_PLAIN_SETTINGS = ([1, 1], [0, 0], [1, 1], 1)  # stride, padding, dilation, groups


class OneClassTail:
    """s_c = pool(f(W_c A + b_c)), W_c the row of the classifying 1 x 1 convolution for class c.

    Such a head scores every class in every place, which for SqueezeNet is a tenth of the network;
    a single class needs one row of its weights, W_c (K,), and costs next to nothing. Gradients,
    contributions and the scores of masked images are all about a single class.

    Lin, Chen, Yan, "Network In Network", ICLR 2014, arXiv 1312.4400, section 3.2.
    """

    def __init__(self, module: fx.GraphModule) -> None:
        """Take a graph `(activation, classes) -> scores (B,)`."""
        self._module = module

    def __call__(self, activation: Tensor, classes: Tensor) -> Tensor:
        """Return the score (B,) of one class, int64 (B,), for each activation (B, K, h, w)."""
        scores: Tensor = self._module(activation, classes)
        return scores

    @cached_property
    def deeplift(self) -> DeepLift:
        """The same with DeepLIFT's multipliers for derivatives."""
        return DeepLift(self._module)


def match_one_class_tail(tail: fx.GraphModule) -> OneClassTail | None:
    """Return a tail `activation -> logits` for one class, None where the tail is something else.

    Recognised are tails of one 1 x 1 convolution of the activation (B, K, h, w), behind a dropout
    if need be, and operations that take each of its channels by itself.
    """
    steps = _chain(tail)
    if steps and packet_of(steps[0]) is _aten.dropout:
        steps = steps[1:]
    if not steps or not _is_pointwise_convolution(tail, steps[0]):
        return None
    if not all(_keeps_channels(node) for node in steps[1:]):
        return None
    return OneClassTail(_for_one_class(tail, steps[0]))


def _chain(tail: fx.GraphModule) -> list[fx.Node]:
    """Return the operations between the only input and the logits, none where they branch."""
    node, *bypass = tail.graph.find_nodes(op="placeholder")
    steps: list[fx.Node] = []
    while not bypass and len(node.users) == 1:
        (node,) = node.users
        if node.op == "output":
            return steps
        steps.append(node)
    return []


def _is_pointwise_convolution(tail: fx.GraphModule, node: fx.Node) -> bool:
    if packet_of(node) is not _aten.conv2d or node.kwargs:
        return False
    kernel = getattr(tail, str(node.args[1].target))  # type: ignore[union-attr]
    settings = zip(node.args[3:], _PLAIN_SETTINGS, strict=False)
    return kernel.shape[2:] == (1, 1) and all(found == plain for found, plain in settings)


def _keeps_channels(node: fx.Node) -> bool:
    if packet_of(node) is _aten.flatten:
        return node.args[1:] in ((1,), (1, -1))
    if packet_of(node) is _aten.mean:
        return node.args[1] in ([2, 3], [-1, -2], [-2, -1])
    return packet_of(node) in _CHANNEL_BY_CHANNEL


def _for_one_class(tail: fx.GraphModule, convolution: fx.Node) -> fx.GraphModule:
    """Copy a tail, its convolution with the one row that a second input names for each image."""
    (given,) = tail.graph.find_nodes(op="placeholder")
    graph = fx.Graph()
    copies = {given: graph.node_copy(given)}
    classes = graph.placeholder("classes")
    for node in tail.graph.nodes:
        if node is convolution:
            activation, *parameters = (copies[source] for source in node.all_input_nodes)
            copies[node] = _one_channel(graph, activation, classes, *parameters)
        elif node.op == "output":
            graph.output(graph.call_function(_aten.squeeze.dim, (copies[node.args[0]], 1)))
        elif node is not given:
            copies[node] = graph.node_copy(node, copies.__getitem__)
    return fx.GraphModule(tail, graph)


def _one_channel(
    graph: fx.Graph,
    activation: fx.Node,
    classes: fx.Node,
    kernel: fx.Node,
    bias: fx.Node | None = None,
) -> fx.Node:
    """Return W_c A + b_c, (B, 1, h, w)."""
    row = graph.call_function(_aten.index_select.default, (kernel, 0, classes))
    channel = graph.call_function(_aten.einsum.default, ("bkij,bkhw->bhw", [row, activation]))
    channel = graph.call_function(_aten.unsqueeze.default, (channel, 1))
    if bias is None:
        return channel
    shift = graph.call_function(_aten.index_select.default, (bias, 0, classes))
    shift = graph.call_function(_aten.view.default, (shift, [-1, 1, 1, 1]))
    return graph.call_function(_aten.add.Tensor, (channel, shift))


class ClassHead(GeneralHead):
    """A general head that computes whatever is about a single class from that class alone."""

    def __init__(
        self, one_class: OneClassTail, tail: Tail, activation: Tensor, bypass: Sequence[Tensor]
    ) -> None:
        """Take what the trunk returned; see `GeneralHead`."""
        super().__init__(tail, activation, bypass)
        self._one_class = one_class

    def gradient(self, objective: Objective) -> Tensor:
        """See `Head.gradient`."""
        leaf = self._leaf()
        return _derivative(self.scores(objective, leaf), leaf)

    def contributions(self, objective: Objective) -> Contributions:
        """See `Head.contributions`."""
        leaf, deeplift = self._leaf(), self._one_class.deeplift
        scores = objective.sum_of(lambda classes: deeplift(leaf, classes))
        reference = objective.sum_of(lambda classes: deeplift.logits_at_reference(leaf, classes))
        multipliers, change = _derivative(scores, leaf), scores.detach() - reference
        return Contributions(multipliers, self._pair, self._tail.layout, change)

    def scores(self, objective: Objective, activation: Tensor, *bypass: Tensor) -> Tensor:  # noqa: ARG002
        """See `Head.scores`."""
        return objective.sum_of(lambda classes: self._one_class(activation, classes))


def _derivative(scores: Tensor, leaf: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(scores.sum(), leaf)
    return gradient
