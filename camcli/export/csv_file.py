"""A run as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from camcli.comparison.entry import Entry
from camcli.export.columns import COLUMNS, Value, values_of
from camcli.output.atomic import write_chunks
from camcli.system.escaping import in_spreadsheet


def write_csv(entries: Iterable[Entry], path: Path) -> int:
    """Write one line a row, UTF-8, with a header; return how many.

    A text that a spreadsheet would take for a formula gets a `'` in front.

    Raises:
        OSError: The file cannot be written.

    """
    counted = _Counted(entries)
    write_chunks(path, (line.encode() for line in _lines(counted)))
    return counted.count


class _Counted:
    """Entries, counted as they pass."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.count = 0
        self._entries = entries

    def __iter__(self) -> Iterator[Entry]:
        for entry in self._entries:
            self.count += 1
            yield entry


def _lines(entries: Iterable[Entry]) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for entry in entries:
        writer.writerow({name: _cell(value) for name, value in values_of(entry.row).items()})
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()


def _cell(value: Value) -> Value:
    return in_spreadsheet(value) if isinstance(value, str) else value
