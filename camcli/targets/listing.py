"""A CSV file that names the classes to explain in each image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from camcli.errors import TargetError
from camcli.models.text_files import read_columns, read_text
from camcli.targets.class_table import ClassTable

# How each column that may name a class is read; of several, the first decides.
_COLUMNS: Mapping[str, Callable[[ClassTable, str], int]] = {
    "versus": ClassTable.index_of,
    "target": ClassTable.index_of,
    "class_index": ClassTable.index_numbered,
    "class": ClassTable.index_of,
    "class_name": ClassTable.index_of,
    "label": ClassTable.index_of,
}


TARGET_COLUMNS = ("target", "class_index", "class", "class_name", "label")


def read_listing(
    path: Path, table: ClassTable, columns: Sequence[str] = TARGET_COLUMNS
) -> dict[str, list[int]]:
    """Read the classes that a file names, by image, in the order of the lines.

    The header has `image` and one of the columns, by default target, class_index, class, class_name
    and label; an image may have several lines. A `class_index` is always an index; what
    another column holds is read as `--target` would read it. Of several, the first decides, and the
    others may not differ.

    Raises:
        TargetError: The file cannot be read, lacks a column, names what is no class, or names two
            classes in one line.

    """
    text = read_text(path, str(path), TargetError)
    listed: dict[str, list[int]] = defaultdict(list)
    for row in read_columns(text, str(path), (("image",), tuple(columns)), TargetError):
        try:
            listed[row.values[0]].append(_class_in(row.cells, columns, table))
        except TargetError as error:
            raise TargetError(f"line {row.line} of {path}: {error}") from None
    return dict(listed)


def _class_in(cells: Mapping[str, str], columns: Sequence[str], table: ClassTable) -> int:
    """Return the class that a line names; no further column may name another one."""
    first, *further = (column for column in columns if column in cells)
    if not cells[first].strip():
        raise TargetError(f"it names no class: {first} is empty")
    index = _COLUMNS[first](table, cells[first].strip())
    for column in further:
        if _meant(column, cells, table) not in (None, index):
            raise TargetError(
                f"{first} {cells[first]!r} and {column} {cells[column]!r} are different classes: "
                "leave one of the columns out"
            )
    return index


def _meant(column: str, cells: Mapping[str, str], table: ClassTable) -> int | None:
    """Return the class in a column that may have been meant for something else."""
    try:
        return _COLUMNS[column](table, cells[column].strip())
    except TargetError:
        return None
