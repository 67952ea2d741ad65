"""`topN`: the classes of highest score."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from camcli.errors import TargetError
from camcli.records import ImageRef
from camcli.targets.rules.base import Rule, Vocabulary

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Top(Rule):
    """The `count` classes of highest score, the highest first."""

    count: int

    @classmethod
    def parse(cls, spec: str, vocabulary: Vocabulary) -> Rule | None:
        """Return the rule of `top1`, `top2` and so on, plain or behind an `@`."""
        found = re.fullmatch(r"@?top([0-9]{1,9})", spec)
        if found is None:
            return None
        count, size = int(found[1]), vocabulary.table.size
        if not 1 <= count <= size:
            raise TargetError(f"the network has {size} classes")
        return cls(count)

    @property
    def many(self) -> bool:
        """Whether more than the best class is asked for."""
        return self.count > 1

    def classes(self, ref: ImageRef, logits: Tensor) -> Sequence[int]:  # noqa: ARG002
        """Return the best classes."""
        best: list[int] = logits.topk(min(self.count, len(logits))).indices.tolist()
        return best
