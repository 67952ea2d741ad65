"""A CSV file that names the classes to explain in each image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

from camcli.errors import TargetError
from camcli.models.text_files import read_columns, read_text
from camcli.targets.class_table import ClassTable

# How each column is read; of several that are there, the first counts.
_CLASS_COLUMNS: Mapping[str, Callable[[ClassTable, str], int]] = {
    "target": ClassTable.index_of,
    "class_index": ClassTable.index_numbered,
    "class": ClassTable.index_of,
    "class_name": ClassTable.index_of,
    "label": ClassTable.index_of,
}


def read_listing(path: Path, table: ClassTable) -> dict[str, list[int]]:
    """Read the classes to explain, by image, in the order of the lines.

    The header has `image` and one of target, class_index, class, class_name and label; an image
    may have several lines. A `class_index` is always an index; what another column holds is read
    as `--target` would read it.

    Raises:
        TargetError: The file cannot be read, lacks a column, or names what is no class.

    """
    text = read_text(path, str(path), TargetError)
    listed: dict[str, list[int]] = defaultdict(list)
    for row in read_columns(text, str(path), (("image",), tuple(_CLASS_COLUMNS)), TargetError):
        image, word = row.values
        listed[image].append(_class_in(word, row.columns[1], table, f"line {row.line} of {path}"))
    return dict(listed)


def _class_in(word: str, column: str, table: ClassTable, where: str) -> int:
    if not word.strip():
        raise TargetError(f"{where} names no class")
    try:
        return _CLASS_COLUMNS[column](table, word.strip())
    except TargetError as error:
        raise TargetError(f"{where}: {error}") from None
