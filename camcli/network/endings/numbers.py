"""What numbers are that cannot be taken back to logits: probabilities, or their logarithms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Literal

from torch import Tensor, fx

from camcli.network.endings.bounds import Range
from camcli.network.endings.ranges import range_of
from camcli.network.nodes import shape_of

_ROUNDING = 1e-4
# Relative to the sum: rounding in float32 leaves a tenth of it. Of scores of two images that nearly
# agree, which are no shares, sums nearly agree, too.
_SAME_SUM = 1e-6


@dataclass(frozen=True, eq=False)
class Numbers:
    """The scores of a network as it returns them.

    Attributes:
        module: The network.
        node: Their node, (B, N) or (B).
        examples: Those of a few images, (B, N).

    """

    module: fx.GraphModule
    node: fx.Node
    examples: Tensor

    @property
    def count(self) -> int:
        """How many an image has, N."""
        _, *others = shape_of(self.node) or (0,)
        return prod(map(int, others))

    @property
    def reading(self) -> Literal["identity", "exp", "none"] | None:
        """How they become probabilities; `none` if in no known way, None if they are logits.

        They are probabilities where the operations that made them allow no other numbers than
        those in [0, 1], or where those of some images lie there and add up to 1; logarithms of
        probabilities likewise. Where they are bounded otherwise, are shares of another sum, such
        as per cents, or may be probabilities, they are not taken for logits either.
        """
        bounds = self._bounds
        if bounds.within(0.0, 1.0):
            return "identity"
        if bounds.logs and bounds.high <= 0:
            return "exp"
        if bounds.tight and not bounds.finite:
            return None
        if _are_distributions(self._found):
            return "identity"
        if _are_distributions(self._found.exp()):
            return "exp"
        is_something_else = bounds.finite or _are_shares(self._found)
        return "none" if is_something_else or self.may_be_probabilities else None

    @property
    def may_be_probabilities(self) -> bool:
        """Whether those of some images are in [0, 1], and nothing says whether all are."""
        bounds = self._bounds
        is_known = bounds.finite or bounds.tight
        return not is_known and _lie_in_unit_interval(self._found)

    @cached_property
    def _bounds(self) -> Range:
        return range_of(self.module, self.node)

    @cached_property
    def _found(self) -> Tensor:
        return self.examples.detach().double().cpu()


def _are_shares(rows: Tensor) -> bool:
    """Return whether several numbers an image add up to the same for all images, none below 0."""
    if rows.shape[1] == 1 or bool((rows < 0).any()):
        return False
    sums = rows.sum(1)
    return bool((sums > 0).all()) and bool(((sums / sums[0] - 1).abs() < _SAME_SUM).all())


def _lie_in_unit_interval(rows: Tensor) -> bool:
    return bool(((rows >= -1e-6) & (rows <= 1 + 1e-6)).all())


def _are_distributions(rows: Tensor) -> bool:
    """Return whether several numbers an image are in [0, 1] and add up to 1.

    Whole numbers are decisions, and may do so by chance.
    """
    if rows.shape[1] == 1 or not _lie_in_unit_interval(rows) or not rows.frac().any():
        return False
    return bool(((rows.sum(1) - 1).abs() < _ROUNDING).all())
