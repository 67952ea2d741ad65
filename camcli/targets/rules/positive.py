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
    """Every class with a logit above 0, for networks whose classes do not exclude each other."""

    size: int

    @classmethod
    def parse(cls, spec: str, vocabulary: Vocabulary) -> Rule | None:
        """Return the rule of the word `positive`."""
        return cls(vocabulary.table.size) if spells(spec, "positive") else None

    @property
    def many(self) -> bool:
        """Whether the network has more than one class."""
        return self.size > 1

    def classes(self, ref: ImageRef, logits: Tensor) -> Sequence[int]:
        """Return the classes with a positive logit, by index."""
        found: list[int] = (logits > 0).nonzero().flatten().tolist()
        if not found:
            raise TargetError(f"no class has a positive score in {ref.name}")
        return found
