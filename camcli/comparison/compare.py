"""Two runs, row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from camcli.comparison.entry import Entry, cover_the_same, methods_of, read_folder
from camcli.comparison.frozen import is_frozen, read_frozen
from camcli.comparison.measures import MEASURES, measured
from camcli.comparison.pairing import Rows, pair
from camcli.errors import InputError

Event = Literal[
    "target-changed", "status-changed", "image-changed", "crop-changed", "missing", "new"
]
EVENTS: tuple[Event, ...] = get_args(Event)
"""What can have become of a row, other than that its figures moved."""


@dataclass(frozen=True)
class Difference:
    """What became of one row of the golden run.

    Attributes:
        image: The image's name.
        method: The method, where one of the runs has several; None where each has one.
        target: The class that the golden run explained, or the new one where it has no such row.
        new_target: The class that the new run explained, where that is another.
        event: What happened to the row; None where both runs have it.
        status: How it ended in the golden run and in the new one, None where it is not in it.
        figures: By measure; None where it does not exist for this row.

    """

    image: str
    method: str | None
    target: str | None
    new_target: str | None
    event: Event | None
    status: tuple[str | None, str | None]
    figures: Mapping[str, float | None]

    @property
    def about(self) -> str:
        """What was explained, and by which of several methods, as tables have it."""
        return " by ".join(filter(None, (self.target, self.method)))


@dataclass(frozen=True)
class Comparison:
    """Two runs, row by row.

    Attributes:
        differences: Those that changed, then pairs by their cosine, then what is alone.
        settings: A line for each setting that decides maps and is another in the second run.

    """

    differences: tuple[Difference, ...]
    settings: tuple[str, ...] = ()

    @property
    def events(self) -> Counter[Event]:
        """How many rows each event befell."""
        return Counter(d.event for d in self.differences if d.event)

    def values(self, measure: str) -> list[float]:
        """Return a measure of all rows that have it."""
        found = (difference.figures.get(measure) for difference in self.differences)
        return [value for value in found if value is not None]


def read_side(path: Path) -> list[Entry]:
    """Read a run: an output folder, or a frozen file.

    Raises:
        InputError: It is neither, or has no rows.

    """
    if not path.exists():
        raise InputError(f"there is no run {path}")
    entries = read_frozen(path) if is_frozen(path) else read_folder(path)
    if not entries:
        raise InputError(f"{path} has no rows to compare")
    return entries


def compare(
    golden: Sequence[Entry], new: Sequence[Entry], settings: tuple[str, ...] = ()
) -> Comparison:
    """Compare two runs.

    Args:
        golden: The rows of the first.
        new: Those of the second.
        settings: In what they were asked for something else, see `settings_apart`.

    Raises:
        InputError: They have no image in common, their maps are of different kinds, or a map cannot
            be read.

    """
    if not {entry.image for entry in golden} & {entry.image for entry in new}:
        raise InputError(
            f"the runs have no image in common: one has {golden[0].image!r}, the other "
            f"{new[0].image!r}. Names are relative to the folder that was explained"
        )
    _refuse_other_values(golden, new)
    several = any(len(methods_of(entries)) > 1 for entries in (golden, new))
    found = [_difference(rows, several) for rows in pair(golden, new)]
    return Comparison(tuple(sorted(found, key=_badness)), settings)


def _refuse_other_values(golden: Sequence[Entry], new: Sequence[Entry]) -> None:
    """Refuse maps whose values mean different things: what differs would be no difference."""
    kinds = [kinds_of(entries) for entries in (golden, new)]
    if len(set().union(*kinds)) > 1:
        one, other = (" and ".join(sorted(kind)) for kind in kinds)
        raise InputError(
            f"the values of the maps mean different things: {one} in one run, {other} in the "
            "other; explain again with the same output.sign and output.normalize"
        )


def kinds_of(entries: Sequence[Entry]) -> set[str]:
    """Return what the values of the maps mean, as the keys of the configuration have it."""
    meanings = (entry.meaning for entry in entries if entry.status == "ok")
    return {f"output.sign={each.sign}, output.normalize={each.normalize}" for each in meanings}


def _difference(rows: Rows, several: bool) -> Difference:
    golden, new = rows
    shown = golden or new
    assert shown is not None
    both = golden is not None and new is not None
    changed = new.target_name if both and golden.key != new.key else None  # type: ignore[union-attr]
    return Difference(
        image=shown.image,
        method=shown.method if several else None,
        target=shown.target_name,
        new_target=changed,
        event=_event(golden, new),
        status=(golden.status if golden else None, new.status if new else None),
        figures=measured(golden, new) if golden and new else dict.fromkeys(MEASURES),
    )


def _event(golden: Entry | None, new: Entry | None) -> Event | None:
    if golden is None:
        return "new"
    if new is None:
        return "missing"
    if golden.status != new.status:
        return "status-changed"
    if golden.key != new.key:
        return "target-changed"
    if None not in (golden.digest, new.digest) and golden.digest != new.digest:
        return "image-changed"
    return None if cover_the_same(golden, new) else "crop-changed"


def _badness(difference: Difference) -> tuple[int, float]:
    cosine = difference.figures["cosine"]
    alone = difference.event in ("missing", "new")
    rank = 2 if alone else 0 if difference.event else 1
    return rank, 1.0 if cosine is None else cosine
