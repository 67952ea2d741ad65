"""How the classes of a network lie among its logits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.targets.class_target import ClassTarget


@dataclass(frozen=True)
class ClassAxis:
    """Class c has logit l_c, as in most networks.

    Attributes:
        even: The score of a class that is as likely as not, None where scores do not say.

    """

    even: float | None = 0.0

    def own(self, logits: Tensor) -> Tensor:
        """Return the logits of the classes, without any that classes are only compared with."""
        return logits

    def scores(self, logits: Tensor) -> Tensor:
        """Return the scores of the classes, of logits (..., n)."""
        return logits

    def probabilities(self, probabilities: Tensor) -> Tensor:
        """Return the probabilities of the classes, of those of the logits (..., n)."""
        return probabilities

    def objective(self, targets: Sequence[ClassTarget], device: torch.device) -> Objective:
        """Return the scores to explain, one target an image; see `ClassTarget`."""
        terms = [list(self._terms(target)) for target in targets]
        most = max(map(len, terms))
        # An image's own terms come first, so that what others have more changes no bit of its sum.
        padded = [[*found, *[(found[0][0], 0.0)] * (most - len(found))] for found in terms]
        return Objective(
            torch.tensor([[column for column, _ in found] for found in padded], device=device),
            torch.tensor([[factor for _, factor in found] for found in padded], device=device),
        )

    def _terms(self, target: ClassTarget) -> Iterator[tuple[int, float]]:
        """Yield the logits that a target's score is made of, and the factor of each."""
        sign = -1.0 if target.sign == "negative" else 1.0
        for index, share in ((target.index, 1.0), *((r.index, -r.weight) for r in target.rivals)):
            column, factor = self._logit_of(index)
            yield column, sign * share * factor

    def _logit_of(self, index: int) -> tuple[int, float]:
        """Return which logit scores a class, and by which factor."""
        return index, 1.0


@dataclass(frozen=True)
class BesideEmptyPrompt(ClassAxis):
    """Classes are prompts, and behind them the last logit is what the empty prompt scores."""

    def own(self, logits: Tensor) -> Tensor:
        """Return the logits of the prompts, (..., n - 1), of logits (..., n)."""
        return logits[..., :-1]


@dataclass(frozen=True)
class TwoSides(ClassAxis):
    """A single logit l between two classes: class 1 is scored l, class 0 is scored -l.

    Where p is the probability of class 1, that of class 0 is 1 - p. Evidence for the one class is
    evidence against the other.

    Attributes:
        even: The l that favours neither. A network that gives p itself, even at 1/2, scores class 0
            with 1 - p.

    """

    even: float = 0.0

    def scores(self, logits: Tensor) -> Tensor:
        """Return [2 even - l, l], (..., 2), of l (..., 1)."""
        return torch.cat([2 * self.even - logits, logits], -1)

    def probabilities(self, probabilities: Tensor) -> Tensor:
        """Return [1 - p, p], (..., 2), of p (..., 1)."""
        return torch.cat([1 - probabilities, probabilities], -1)

    def _logit_of(self, index: int) -> tuple[int, float]:
        return 0, 1.0 if index == 1 else -1.0
