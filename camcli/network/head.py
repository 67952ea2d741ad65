"""A network's last learned maps, and what lies between them and its logits."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import fx

from camcli.network.nodes import ancestors, closure, dependents, packet_of, shape_of
from camcli.network.trace import TracedNetwork

_aten = torch.ops.aten

_CONVOLUTIONS = {
    _aten.conv1d, _aten.conv2d, _aten.conv3d, _aten.convolution,
    _aten.conv_transpose1d, _aten.conv_transpose2d, _aten.conv_transpose3d,
}  # fmt: skip
_PRODUCTS = {
    _aten.linear, _aten.addmm, _aten.mm, _aten.matmul, _aten.bmm, _aten.baddbmm, _aten.mv,
    _aten.einsum, _aten.bilinear, _aten.cdist,
}  # fmt: skip
_RECURRENCES = {_aten.lstm, _aten.gru, _aten.rnn_tanh, _aten.rnn_relu}
# With a matrix of weights: dot products or distances that are written out, and summed later.
_WRITTEN_OUT = {_aten.mul, _aten.sub}


@dataclass(frozen=True)
class Head:
    """Where a network ends.

    Attributes:
        maps: The last learned maps: convolutions, linear layers and their like that mix channels,
            and with no other such map on some path to the logits.
        behind: Their outputs, and all that is computed from these on the way to the logits:
            pooling, activations, normalisation. Within it, channel k is score k, in one form or
            another.

    """

    maps: frozenset[fx.Node]
    behind: frozenset[fx.Node]

    @property
    def pooled(self) -> frozenset[fx.Node]:
        """Those of the maps whose output has places, which are pooled behind them."""
        return frozenset(node for node in self.maps if places_of(node) > 1)

    @property
    def is_read_elsewhere(self) -> bool:
        """Whether another learned map reads what lies behind one, as in a residual stream.

        Features are read by the next block; scores are not.
        """
        inputs = [source for node in self.maps for source in node.all_input_nodes]
        return not self.behind.isdisjoint(ancestors(inputs))

    @property
    def score_maps(self) -> frozenset[fx.Node]:
        """What holds scores themselves, before or after they are pooled; not features."""
        return frozenset() if self.pooled and self.is_read_elsewhere else self.behind


def head_of(traced: TracedNetwork) -> Head:
    """Return where a network ends: its last learned maps, found by walking back from its logits."""
    active = dependents(traced.image)
    maps = {node for node in active if _is_learned_map(node, active)}

    def before(node: fx.Node) -> list[fx.Node]:
        return [] if node in maps else [n for n in node.all_input_nodes if n in active]

    behind = closure([traced.logits], before)
    return Head(frozenset(behind & maps), frozenset(behind))


def places_of(learned: fx.Node) -> int:
    """Return how many places in space, or tokens, a learned map's output has for one image.

    Of dot products that are written out, the rows are what they score.
    """
    if packet_of(learned) in _WRITTEN_OUT:
        return 1
    shape = shape_of(learned) or ()
    return prod(_static(shape[2:] if packet_of(learned) in _CONVOLUTIONS else shape[:-1]))


def channels_of(learned: fx.Node) -> int:
    """Return how many numbers a learned map computes for each place."""
    return values_of(learned) // places_of(learned)


def values_of(node: fx.Node) -> int:
    """Return how many numbers a node's tensor holds for one image."""
    return prod(_static(shape_of(node) or ()))


def is_matrix(node: fx.Node) -> bool:
    """Return whether a node's tensor has more than one dimension, the batch and ones left out."""
    return sum(size > 1 for size in _static(shape_of(node) or ())) > 1


def is_pointwise(learned: fx.Node) -> bool:
    """Return whether a learned map sees one place at a time, as a linear layer on its channels."""
    if packet_of(learned) not in _CONVOLUTIONS:
        return True
    return prod(_kernel(learned)) == 1


def _is_learned_map(node: fx.Node, active: set[fx.Node]) -> bool:
    packet = packet_of(node)
    if packet in _CONVOLUTIONS:
        return not _keeps_channels_apart(node)
    weights = [n for n in node.all_input_nodes if n not in active and shape_of(n) is not None]
    if packet in _WRITTEN_OUT:
        return any(is_matrix(weight) for weight in weights)
    return packet in _PRODUCTS | _RECURRENCES and bool(weights)


def _keeps_channels_apart(convolution: fx.Node) -> bool:
    """Return whether each channel is convolved on its own, which pools or blurs it."""
    image, weight = (shape_of(node) or () for node in convolution.all_input_nodes[:2])
    return len(image) > 2 and bool(image[1] != 1 and weight[1] == 1)


def _kernel(convolution: fx.Node) -> list[int]:
    return _static((shape_of(convolution.all_input_nodes[1]) or ())[2:])


def _static(sizes: tuple[int | torch.SymInt, ...]) -> list[int]:
    """Return the sizes that do not depend on the batch."""
    return [size for size in sizes if isinstance(size, int)]
