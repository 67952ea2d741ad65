"""How the classes of a network lie among its logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.targets.signed_class import SignedClass


@dataclass(frozen=True)
class ClassAxis:
    """Class c has logit l_c, as in most networks.

    Attributes:
        even: The score of a class that is as likely as not, None where scores do not say.

    """

    even: float | None = 0.0

    def scores(self, logits: Tensor) -> Tensor:
        """Return the scores of the classes, of logits (..., n)."""
        return logits

    def probabilities(self, probabilities: Tensor) -> Tensor:
        """Return the probabilities of the classes, of those of the logits (..., n)."""
        return probabilities

    def objective(self, targets: Sequence[SignedClass], device: torch.device) -> Objective:
        """Return the scores to explain, one target an image: l_c for a class, -l_c against it."""
        columns, signs = zip(*map(self._column_and_sign, targets), strict=True)
        return Objective(
            torch.tensor(columns, device=device),
            torch.tensor(signs, dtype=torch.float32, device=device),
        )

    def _column_and_sign(self, target: SignedClass) -> tuple[int, int]:
        return target.index, _factor(target)


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

    def _column_and_sign(self, target: SignedClass) -> tuple[int, int]:
        return 0, _factor(target) * (1 if target.index == 1 else -1)


def _factor(target: SignedClass) -> int:
    return -1 if target.sign == "negative" else 1
