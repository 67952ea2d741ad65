"""A class by name or index: the same class in every image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from camcli.records import ImageRef
from camcli.targets.rules.base import Rule, Vocabulary

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Fixed(Rule):
    """One class, whatever the image."""

    index: int

    @classmethod
    def parse(cls, spec: str, vocabulary: Vocabulary) -> Rule | None:
        """Return the rule of any word; it must name a class."""
        return cls(vocabulary.table.index_of(spec))

    def classes(self, ref: ImageRef, logits: Tensor) -> Sequence[int]:  # noqa: ARG002
        """Return the class."""
        return [self.index]
