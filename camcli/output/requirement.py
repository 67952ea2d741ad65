"""What every row of a run must hold for the run to count as passed: `completeness_error<1e-4`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt
from pathlib import Path
from typing import Any

from camcli.errors import CamcliError, suggest
from camcli.output.manifest import read_rows

_FIGURES: Mapping[str, tuple[str, ...]] = {
    "completeness_error": ("completeness_error",),
    "score": ("target", "score"),
    "probability": ("target", "probability"),
    "margin": ("target", "margin"),
}
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
_WRITTEN = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*(\S+)\s*")


@dataclass(frozen=True)
class Requirement:
    """A comparison of one figure of a row with a number.

    Attributes:
        figure: Its name.
        comparison: `<`, `<=`, `>` or `>=`.
        limit: The number.

    """

    figure: str
    comparison: str
    limit: float

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """Read a requirement such as `completeness_error<1e-4`.

        Raises:
            CamcliError: It is none; the message says what is.

        """
        found = _WRITTEN.fullmatch(text)
        figure, comparison, number = found.groups() if found else ("", "", "")
        if figure not in _FIGURES:
            raise CamcliError(
                f"--require takes FIGURE<NUMBER, or with <=, > or >=, not {text!r}; the figures "
                f"are {', '.join(_FIGURES)}{suggest(figure, _FIGURES)}"
            )
        try:
            limit = float(number)
        except ValueError:
            limit = math.nan
        if not math.isfinite(limit):
            raise CamcliError(f"--require {text}: {number!r} is no number to compare with")
        return cls(figure, comparison, limit)

    def broken_by(self, row: Mapping[str, Any]) -> str | None:
        """Return what is wrong with a row, None where it holds.

        A row without a map has its own status. One that has a map and not the figure breaks the
        requirement: what could not be measured has not passed.
        """
        if row["status"] != "ok":
            return None
        value: Any = row
        for key in _FIGURES[self.figure]:
            value = (value or {}).get(key)
        if value is None:
            return f"has no {self.figure}"
        if _COMPARISONS[self.comparison](value, self.limit):
            return None
        return f"{self.figure} {value:.4g} is not {self.comparison} {self.limit:g}"


def broken_in(
    manifest: Path, requirements: Sequence[Requirement], several: bool = False
) -> Iterator[str]:
    """Yield a line for each row of a manifest that breaks a requirement.

    Args:
        manifest: Of a run.
        requirements: What each of its rows is to hold.
        several: Whether the run has several methods, so that a row is named by its own, too.

    """
    rows: Iterable[Mapping[str, Any]] = read_rows(manifest) if requirements else ()
    for row in rows:
        complaints = [found for each in requirements if (found := each.broken_by(row))]
        if complaints:
            target = row.get("target") or {}
            name = target.get("name") or target.get("index")
            by = f" by {row['method']}" if several else ""
            yield f"{row['image']} ({name}{by}): {'; '.join(complaints)}"
