"""Class names from a file of the user's."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from camcli.errors import ModelError

_INDEX_COLUMNS = ("index", "class_index", "class", "id", "target")
_NAME_COLUMNS = ("name", "label", "class_name")


def read_labels(path: Path) -> tuple[str, ...]:
    """Read the names of the classes, by index.

    A `.json` file holds a list of names, or maps each index to its name (or to a list that ends in
    it, as ImageNet's index does); a `.csv` file has a header with an index column (index,
    class_index, class, id or target) and a name column (name, label or class_name); any other file
    holds one name a line.

    Raises:
        ModelError: The file cannot be read, or leaves a class without a name.

    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"model.labels: cannot read {path}: {error}") from None
    if path.suffix == ".json":
        names = _from_json(text, path)
    elif path.suffix == ".csv":
        names = _from_csv(text, path)
    else:
        names = dict(enumerate(line.strip() for line in text.rstrip().splitlines()))
    absent = [index for index in range(len(names)) if not names.get(index)]
    if absent or not names:
        raise ModelError(
            f"model.labels: {path} names no class {absent[0] if absent else 0}: it must name "
            "every class from 0 on"
        )
    return tuple(names[index] for index in range(len(names)))


def _from_json(text: str, path: Path) -> dict[int, str]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"model.labels: {path} is not JSON: {error}") from None
    if isinstance(content, list):
        content = dict(enumerate(content))
    if not isinstance(content, Mapping):
        raise ModelError(f"model.labels: {path} must hold a list of names, or map indices to them")
    return {_index(key, path): _last(name) for key, name in content.items()}


def _from_csv(text: str, path: Path) -> dict[int, str]:
    reader = csv.DictReader(text.splitlines())
    header = reader.fieldnames or ()
    index = next((column for column in _INDEX_COLUMNS if column in header), None)
    name = next((column for column in _NAME_COLUMNS if column in header), None)
    if index is None or name is None:
        raise ModelError(
            f"model.labels: {path} needs a header with one of {', '.join(_INDEX_COLUMNS)} and one "
            f"of {', '.join(_NAME_COLUMNS)}; it has {', '.join(header) or 'none'}"
        )
    return {_index(row[index], path): (row[name] or "").strip() for row in reader}


def _index(key: Any, path: Path) -> int:
    try:
        return int(key)
    except (TypeError, ValueError):
        raise ModelError(f"model.labels: {path}: {key!r} is no class index") from None


def _last(name: Any) -> str:
    return str(name[-1]) if isinstance(name, list) and name else str(name)
