"""`positive`: every class that a network of independent classes finds more likely than not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from camcli.errors import TargetError
from camcli.records import ImageRef
from camcli.targets.rules.base import Rule, Vocabulary, spells

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Positive(Rule):
    """Every class more likely than not, for networks whose classes do not exclude each other.

    Attributes:
        size: How many classes there are.
        even: The score of a class that is as likely as not: 0 for a logit, 1/2 for a probability.

    """

    size: int
    even: float = 0.0

    @classmethod
    def parse(cls, spec: str, vocabulary: Vocabulary) -> Rule | None:
        """Return the rule of the word `positive`."""
        if not spells(spec, "positive"):
            return None
        if vocabulary.even is None:
            raise TargetError(
                "nothing says which scores are positive: model.probabilities is none; set it to "
                "sigmoid, or name classes or topN"
            )
        return cls(vocabulary.table.size, vocabulary.even)

    @property
    def many(self) -> bool:
        """Whether the network has more than one class."""
        return self.size > 1

    def classes(self, ref: ImageRef, logits: Tensor) -> Sequence[int]:
        """Return the classes with a score above the even one, by index."""
        found: list[int] = (logits > self.even).nonzero().flatten().tolist()
        if not found:
            raise TargetError(f"no class has a positive score in {ref.name}")
        return found
