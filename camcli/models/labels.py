"""Class names from a file that the user gives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from camcli.errors import ModelError
from camcli.models.json_labels import read_json_labels
from camcli.models.text_files import read_columns, read_text, whole_number

_SYNSET_AND_NAME = re.compile(r"(n\d{8})\s+(\S.*)", re.IGNORECASE)
_INDEX_COLUMNS = ("index", "class_index", "class", "id", "target")
_NAME_COLUMNS = ("name", "label", "class_name")


@dataclass(frozen=True)
class ClassNames:
    """What the classes of a network are called, by index.

    Attributes:
        labels: Their names.
        ids: How data sets identify them, such as by WordNet's `n02102480`; None where the file
            does not say.

    """

    labels: tuple[str, ...]
    ids: tuple[str, ...] | None = None


def read_labels(path: Path) -> ClassNames:
    """Read the names of the classes.

    A `.json` file is one that `read_json_labels` reads; a `.csv` file has a header with an index
    column (index, class_index, class, id or target) and a name column (name, label or class_name);
    any other file holds one name a line, behind its WordNet id where all lines begin with one, as
    in ImageNet's `LOC_synset_mapping.txt`.

    Raises:
        ModelError: The file cannot be read, leaves a class without a name, names one twice, or may
            be read in two ways.

    """
    text = read_text(path, str(path), _mistake)
    suffix = path.suffix.lower()
    if suffix == ".json":
        named = read_json_labels(text, path, _mistake)
        labels = _in_order(((name.index, name.label) for name in named), path)
        ids = {name.index: name.identifier for name in named if name.identifier}
        return ClassNames(labels, _all_of(ids, len(labels)))
    if suffix == ".csv":
        return ClassNames(_in_order(_from_csv(text, path), path))
    # Not splitlines(), which also splits names at separators that nobody sees.
    lines = [line.strip() for line in text.rstrip().split("\n")]
    apart = [_SYNSET_AND_NAME.fullmatch(line) for line in lines]
    if not all(apart):
        return ClassNames(_in_order(enumerate(lines), path))
    couples = [(found[1].lower(), found[2]) for found in apart if found]
    names = _in_order(((index, name) for index, (_, name) in enumerate(couples)), path)
    return ClassNames(names, tuple(identifier for identifier, _ in couples))


def _from_csv(text: str, path: Path) -> Iterable[tuple[int, str]]:
    wanted = (_INDEX_COLUMNS, _NAME_COLUMNS)
    for row in read_columns(text, str(path), wanted, _mistake):
        key, name = row.values
        index = whole_number(key)
        if index is None:
            raise _mistake(f"line {row.line} of {path}: {key!r} is no class index")
        yield index, name.strip()


def _in_order(named: Iterable[tuple[int, str]], path: Path) -> tuple[str, ...]:
    """Return names by index, of which none may be absent or given twice."""
    names: dict[int, str] = {}
    for index, name in named:
        if index in names:
            raise _mistake(f"{path} names class {index} twice: {names[index]!r} and {name!r}")
        names[index] = name
    absent = next((index for index in range(len(names)) if not names.get(index)), None)
    if absent is not None or not names:
        raise _mistake(f"{path} names no class {absent or 0}: it must name every class from 0 on")
    return tuple(names[index] for index in range(len(names)))


def _all_of(ids: Mapping[int, str], count: int) -> tuple[str, ...] | None:
    return tuple(ids[index] for index in range(count)) if len(ids) == count else None


def _mistake(message: str) -> ModelError:
    return ModelError(f"model.labels: {message}")
