"""The head of any network: its whole tail, run once for each way to differentiate it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from camcli.attribution.contributions import Contributions
from camcli.attribution.objective import Objective
from camcli.attribution.pair import Pair
from camcli.attribution.tail import Tail


class GeneralHead:
    """One batch's activation before any tail; see `Head`.

    The other heads are this one with something that their tails allow to be done in less time.
    """

    def __init__(
        self,
        tail: Tail,
        activation: Tensor,
        bypass: Sequence[Tensor],
        with_reference: bool = False,
    ) -> None:
        """Take what the trunk returned.

        Args:
            tail: The tail of the network.
            activation: A, in the network's layout.
            bypass: The tail's other inputs.
            with_reference: Take the logits from the pass that DeepLIFT needs.

        """
        self._tail = tail
        self._activation = activation
        self._bypass = tuple(bypass)
        self._with_reference = with_reference

    @cached_property
    def logits(self) -> Tensor:
        """See `Head.logits`."""
        if self._with_reference:
            _, logits, _ = self._with_multipliers
            return logits.detach()
        with torch.no_grad():
            return self._tail(self._activation, *self._bypass)

    def gradient(self, objective: Objective) -> Tensor:
        """See `Head.gradient`."""
        leaf, logits = self._differentiable
        return gradients_of(logits, objective, leaf)[0]

    def contributions(self, objective: Objective) -> Contributions:
        """See `Head.contributions`."""
        leaf, logits, _ = self._with_multipliers
        (multipliers,) = gradients_of(logits, objective, leaf)
        change = self._score_change(logits, objective)
        return Contributions(multipliers, self._pair, self._tail.layout, change)

    def contributions_by_depth(self, objective: Objective) -> tuple[Contributions, ...]:
        """See `Head.contributions_by_depth`."""
        leaf, logits, taps = self._with_multipliers
        multipliers = gradients_of(logits, objective, leaf, *(tap.value for tap in taps))
        layouts = (self._tail.layout, *(tap.layout for tap in self._tail.taps))
        change = self._score_change(logits, objective)
        return tuple(
            Contributions(m, pair, layout, change)
            for m, pair, layout in zip(multipliers, (self._pair, *taps), layouts, strict=True)
        )

    def relevance(self, objective: Objective) -> Tensor:
        """See `Head.relevance`."""
        leaf, logits = self._propagated
        return gradients_of(logits, objective, leaf)[0] * self._activation

    def scores(self, objective: Objective, activation: Tensor, *bypass: Tensor) -> Tensor:
        """See `Head.scores`."""
        return objective.scores(self._tail(activation, *bypass))

    def _leaf(self) -> Tensor:
        """Return A as what a new graph of derivatives begins with."""
        return self._activation.detach().requires_grad_()

    @property
    def _pair(self) -> Pair:
        """A beside its reference, the all-zero activation."""
        return Pair(self._activation, self._activation.new_zeros(()))

    def _score_change(self, logits: Tensor, objective: Objective) -> Tensor:
        """Return F(A) - F(0) of each image's score, (B,)."""
        with torch.no_grad():
            deeplift = self._tail.deeplift
            reference = deeplift.logits_at_reference(self._activation, *self._bypass)
            return objective.scores(logits - reference)

    @cached_property
    def _differentiable(self) -> tuple[Tensor, Tensor]:
        leaf = self._leaf()
        return leaf, self._tail(leaf, *self._bypass)

    @cached_property
    def _with_multipliers(self) -> tuple[Tensor, Tensor, tuple[Pair, ...]]:
        leaf = self._leaf()
        return leaf, *self._tail.deeplift.with_taps(leaf, *self._bypass)

    @cached_property
    def _propagated(self) -> tuple[Tensor, Tensor]:
        leaf = self._leaf()
        return leaf, self._tail.lrp(leaf, *self._bypass)


def gradients_of(logits: Tensor, objective: Objective, *at: Tensor) -> tuple[Tensor, ...]:
    """Return the derivatives of each image's score by some tensors."""
    # The graph is kept: the next target of the same images differentiates it again.
    score = objective.scores(logits).sum()
    return torch.autograd.grad(score, at, retain_graph=True)
