"""In what two runs were asked for something else: their maps may differ for that alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from camcli.comparison.entry import Entry
from camcli.errors import OutputError
from camcli.output.identity import SURROUNDINGS, compare
from camcli.output.record import read_run

_HOW_IT_IS_WRITTEN = "output"
_OF_ROWS = ("method", "layer")


def settings_apart(
    golden: Path, new: Path, golden_entries: Sequence[Entry], new_entries: Sequence[Entry]
) -> tuple[str, ...]:
    """Return a line for each setting that decides maps and is another in the second run.

    The records of both folders say it; where one of them has none, as a frozen run, the rows say
    as much as they know: the methods and the layers.
    """
    records = _fingerprint(golden), _fingerprint(new)
    if records[0] and records[1]:
        found = compare(records[0], records[1], (_HOW_IT_IS_WRITTEN, SURROUNDINGS))
        return tuple(_line(each.key, each.one, each.other) for each in found.differences)
    return tuple(_in_rows(golden_entries, new_entries))


def _in_rows(golden: Sequence[Entry], new: Sequence[Entry]) -> Iterator[str]:
    for key in _OF_ROWS:
        one, other = (
            ", ".join(dict.fromkeys(str(e.row[key]) for e in entries if e.row.get(key)))
            for entries in (golden, new)
        )
        if one and other and one != other:
            yield _line(key, one, other)


def _line(key: str, one: str, other: str) -> str:
    return f"{key}: {one} in the first run, {other} in the second"


def _fingerprint(path: Path) -> Mapping[str, Any] | None:
    if not path.is_dir():
        return None
    try:
        found = read_run(path)["fingerprint"]
    except OutputError:
        return None
    return found if isinstance(found, Mapping) else None
