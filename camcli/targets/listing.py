"""A CSV file that names the classes to explain in each image."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from camcli.errors import TargetError
from camcli.models.text_files import read_columns, read_text
from camcli.targets.class_table import ClassTable

_CLASS_COLUMNS = ("target", "class_index", "class", "class_name", "label")


def read_listing(path: Path, table: ClassTable) -> dict[str, list[int]]:
    """Read the classes to explain, by image, in the order of the lines.

    The header has `image` and one of target, class_index, class, class_name and label; an image
    may have several lines.

    Raises:
        TargetError: The file cannot be read, lacks a column, or names what is no class.

    """
    text = read_text(path, str(path), TargetError)
    listed: dict[str, list[int]] = defaultdict(list)
    for row in read_columns(text, str(path), (("image",), _CLASS_COLUMNS), TargetError):
        image, word = row.values
        listed[image].append(table.index_of(word))
    return dict(listed)
