"""Class names from a file that the user gives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from camcli.errors import ModelError
from camcli.models.text_files import read_columns, read_text

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
    text = read_text(path, str(path), _mistake)
    if path.suffix == ".json":
        names = _from_json(text, path)
    elif path.suffix == ".csv":
        names = _from_csv(text, path)
    else:
        names = dict(enumerate(line.strip() for line in text.rstrip().splitlines()))
    absent = next((index for index in range(len(names)) if not names.get(index)), None)
    if absent is not None or not names:
        raise _mistake(f"{path} names no class {absent or 0}: it must name every class from 0 on")
    return tuple(names[index] for index in range(len(names)))


def _from_json(text: str, path: Path) -> dict[int, str]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _mistake(f"{path} is not JSON: {error}") from None
    if isinstance(content, list):
        content = dict(enumerate(content))
    if not isinstance(content, Mapping):
        raise _mistake(f"{path} must hold a list of names, or map indices to them")
    return {_index(key, path): _last(name) for key, name in content.items()}


def _from_csv(text: str, path: Path) -> dict[int, str]:
    wanted = (_INDEX_COLUMNS, _NAME_COLUMNS)
    rows = read_columns(text, str(path), wanted, _mistake)
    return {_index(row.values[0], path): row.values[1].strip() for row in rows}


def _mistake(message: str) -> ModelError:
    return ModelError(f"model.labels: {message}")


def _index(key: Any, path: Path) -> int:
    try:
        return int(key)
    except (TypeError, ValueError):
        raise _mistake(f"{path}: {key!r} is no class index") from None


def _last(name: Any) -> str:
    return str(name[-1]) if isinstance(name, list) and name else str(name)
