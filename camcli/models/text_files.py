"""Text files that users write: class names, prompts, targets."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from camcli.errors import CamcliError

_DIGITS = re.compile(r"[0-9]{1,9}")

Mistake = Callable[[str], CamcliError]
"""Makes the error of a message."""


@dataclass(frozen=True)
class Row:
    """A row of a CSV file.

    Attributes:
        line: The number of its (last) line, from 1.
        values: Those of the wanted columns.
        cells: All values, by column.

    """

    line: int
    values: tuple[str, ...]
    cells: Mapping[str, str]


def read_text(path: Path, what: str, mistake: Mistake) -> str:
    """Return what a UTF-8 file holds, without a byte order mark.

    Args:
        path: The file.
        what: What the message calls it.
        mistake: Makes what is raised where it cannot be read.

    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise mistake(f"cannot read {what}: {error}") from None


def read_columns(
    text: str, what: str, wanted: Sequence[Sequence[str]], mistake: Mistake
) -> Iterator[Row]:
    """Yield the rows of a CSV text, reduced to some of its columns; an absent value is empty.

    Args:
        text: With a header.
        what: What messages call the file.
        wanted: For each column, the names that it may have; the first that is there counts.
        mistake: Makes what is raised where the header lacks a column, or the text is no CSV.

    """
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        header = reader.fieldnames or ()
        columns = [next((c for c in names if c in header), None) for names in wanted]
        chosen = [column for column in columns if column is not None]
        if len(chosen) < len(wanted):
            raise mistake(
                f"{what} needs a header with {' and '.join(map(_one_of, wanted))}; it has "
                f"{', '.join(header) or 'none'}"
            )
        for row in reader:
            cells = {column: row[column] or "" for column in header}
            yield Row(reader.line_num, tuple(cells[column] for column in chosen), cells)
    except csv.Error as error:
        raise mistake(f"cannot read {what}: {error}") from None


def whole_number(text: str) -> int | None:
    """Return the number that a text writes in digits, None where it is anything else."""
    return int(text) if _DIGITS.fullmatch(text.strip()) else None


def _one_of(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"one of {', '.join(names)}"
