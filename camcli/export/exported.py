"""What became of the rows of a run that is exported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from camcli.system.wording import counted_as

FAILED = "the image failed"
NO_MAP = "no map was kept: explain again with --save maps"


@dataclass(frozen=True)
class Exported:
    """How much was written, and how much could not be.

    Attributes:
        count: Of what the format has one of for each row that it takes.
        left_out: By reason, how many rows it has none for.

    """

    count: int
    left_out: Mapping[str, int] = field(default_factory=dict)

    def lines(self, thing: str) -> list[str]:
        """Return what is told of the rows that were left out."""
        return [
            f"no {thing} for {counted_as(count, 'row')}: {why}"
            for why, count in self.left_out.items()
        ]
