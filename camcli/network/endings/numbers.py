"""What numbers are that cannot be taken back to logits: probabilities, or their logarithms."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, Literal

import torch
from torch import Tensor, fx

from camcli.network.endings.closing import WEIGHING
from camcli.network.endings.ranges import range_of
from camcli.network.nodes import dependents, packet_of, shape_of

_aten = torch.ops.aten
_ROUNDING = 1e-4
# Of one argument that depends on the image, these bound nothing that was not bounded before.
_FREE = {
    _aten._to_copy, _aten.adaptive_avg_pool2d, _aten.add, _aten.avg_pool2d, _aten.div,
    _aten.dropout, _aten.flatten, _aten.mean, _aten.mul, _aten.neg, _aten.reshape, _aten.select,
    _aten.slice, _aten.squeeze, _aten.sub, _aten.unsqueeze, _aten.view,
}  # fmt: skip
# Logits may well have passed through these, and lie in [0, 1] by chance.
_RECTIFYING = {_aten.relu, _aten.leaky_relu, _aten.softplus, _aten.elu, _aten.gelu, _aten.silu}


@dataclass(frozen=True, eq=False)
class Numbers:
    """The scores of a network as it returns them.

    Attributes:
        module: The network.
        node: Their node, (B, N) or (B).
        examples: Computes them for a few images, (B, N).

    """

    module: fx.GraphModule
    node: fx.Node
    examples: Callable[[], Tensor]

    @property
    def count(self) -> int:
        """How many an image has, N."""
        _, *others = shape_of(self.node) or (0,)
        return prod(map(int, others))

    @property
    def reading(self) -> Literal["identity", "exp", "none"] | None:
        """How they become probabilities; `none` if in no known way, None if they may be logits.

        They are probabilities where the operations that made them allow no other numbers than
        those in [0, 1], or where those of some images lie there and add up to 1; logarithms of
        probabilities likewise. Where they are bounded otherwise, or are shares of another sum,
        such as per cents, they are no logits either.
        """
        if self._come_from_weights(_FREE):
            return None
        bounds = range_of(self.module, self.node)
        if bounds.within(0.0, 1.0):
            return "identity"
        if bounds.logs and bounds.high <= 0:
            return "exp"
        if _are_distributions(self._found):
            return "identity"
        if _are_distributions(self._found.exp()):
            return "exp"
        return "none" if bounds.finite or _are_shares(self._found) else None

    @property
    def look_like_probabilities(self) -> bool:
        """Whether they might be probabilities, and nothing says whether they are."""
        if self._come_from_weights(_FREE | _RECTIFYING):
            return False
        return _lie_in_unit_interval(self._found)

    def _come_from_weights(self, through: Container[Any]) -> bool:
        """Return whether they are a linear layer's, or what some operations make of those."""
        node, sources = self.node, [self.node]
        while len(sources) == 1:
            (node,) = sources
            if packet_of(node) in WEIGHING:
                return True
            passes = packet_of(node) in through
            sources = [s for s in node.all_input_nodes if s in self._of_image] if passes else []
        return False

    @cached_property
    def _of_image(self) -> Collection[fx.Node]:
        (image,) = self.module.graph.find_nodes(op="placeholder")
        return dependents(image)

    @cached_property
    def _found(self) -> Tensor:
        return self.examples().detach().double().cpu()


def _are_shares(rows: Tensor) -> bool:
    """Return whether several numbers an image add up to the same for all images, none below 0."""
    if rows.shape[1] == 1 or bool((rows < 0).any()):
        return False
    sums = rows.sum(1)
    return bool((sums > 0).all()) and bool(((sums / sums[0] - 1).abs() < _ROUNDING).all())


def _lie_in_unit_interval(rows: Tensor) -> bool:
    return bool(((rows >= -1e-6) & (rows <= 1 + 1e-6)).all())


def _are_distributions(rows: Tensor) -> bool:
    """Return whether several numbers an image are in [0, 1] and add up to 1."""
    if rows.shape[1] == 1 or not _lie_in_unit_interval(rows):
        return False
    return bool(((rows.sum(1) - 1).abs() < _ROUNDING).all())
