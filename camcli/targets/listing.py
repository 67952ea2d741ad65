"""A CSV file that names the classes to explain in each image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from camcli.errors import TargetError
from camcli.models.text_files import read_columns, read_text
from camcli.targets.class_table import ClassTable
from camcli.targets.signed_class import SignedClass, split_sign


def _signed(table: ClassTable, cell: str) -> SignedClass:
    sign, word = split_sign(cell, table)
    return SignedClass(table.index_of(word), sign)


def _numbered(table: ClassTable, cell: str) -> SignedClass:
    return SignedClass(table.index_numbered(cell))


def _plain(table: ClassTable, cell: str) -> SignedClass:
    return SignedClass(table.index_of(cell))


# How each column that may name a class is read; of several, the first decides.
_COLUMNS: Mapping[str, Callable[[ClassTable, str], SignedClass]] = {
    "versus": _plain,
    "target": _signed,
    "class_index": _numbered,
    "class": _signed,
    "class_name": _signed,
    "label": _signed,
}

TARGET_COLUMNS = ("target", "class_index", "class", "class_name", "label")


@dataclass(frozen=True)
class ClassListing:
    """What a file lists.

    Attributes:
        by_image: The classes of each image, as it is spelt there.
        unread: The columns that were not looked at.

    """

    by_image: Mapping[str, Sequence[SignedClass]]
    unread: tuple[str, ...]


def read_listing(
    path: Path, table: ClassTable, columns: Sequence[str] = TARGET_COLUMNS
) -> ClassListing:
    """Read the classes that a file names, by image, in the order of the lines.

    The header has `image` and one of the columns, by default target, class_index, class, class_name
    and label; an image may have several lines. A `class_index` is always an index; what
    another column holds is read as `--target` would read it, behind a `-` what speaks against it,
    which `versus` does not have. Of several, the first decides, and the
    others may not differ.

    Raises:
        TargetError: The file cannot be read, lacks a column, names what is no class, or names two
            classes in one line.

    """
    text = read_text(path, str(path), TargetError)
    listed: dict[str, list[SignedClass]] = defaultdict(list)
    unread: tuple[str, ...] = ()
    for row in read_columns(text, str(path), (("image",), tuple(columns)), TargetError):
        unread = tuple(column for column in row.cells if column not in ("image", *columns))
        try:
            listed[row.values[0]].append(_class_in(row.cells, columns, table))
        except TargetError as error:
            raise TargetError(f"line {row.line} of {path}: {error}") from None
    return ClassListing(dict(listed), unread)


def _class_in(cells: Mapping[str, str], columns: Sequence[str], table: ClassTable) -> SignedClass:
    """Return the class that a line names; no further column may name another one."""
    first, *further = (column for column in columns if column in cells)
    if not cells[first].strip():
        raise TargetError(f"it names no class: {first} is empty")
    found = _COLUMNS[first](table, cells[first].strip())
    for column in further:
        # `-cat` may stand beside the label `cat`, not the other way round.
        if _meant(column, cells, table) not in (None, found, SignedClass(found.index)):
            raise TargetError(
                f"{first} {cells[first]!r} and {column} {cells[column]!r} are different targets: "
                "leave one of the columns out"
            )
    return found


def _meant(column: str, cells: Mapping[str, str], table: ClassTable) -> SignedClass | None:
    """Return the class in a column that may have been meant for something else."""
    try:
        return _COLUMNS[column](table, cells[column].strip())
    except TargetError:
        return None
