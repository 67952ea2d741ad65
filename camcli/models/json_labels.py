"""Class names in the shapes that JSON files have them in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camcli.models.text_files import Mistake, whole_number


@dataclass(frozen=True)
class NamedClass:
    """A class's index, its name, and how data sets identify it, where the file says so."""

    index: int
    label: str
    identifier: str | None = None


_USUAL_KEYS = ("id2label", "class_to_idx", "label2id")
"""Where tools keep class names among other settings; indices to names before the inverse."""


class _Pairs(list[tuple[str, Any]]):
    """A JSON object; unlike a mapping it keeps both of two equal keys."""


def read_json_labels(text: str, path: Path, mistake: Mistake) -> list[NamedClass]:
    """Read the names of the classes, in the order of the file.

    It holds a list of names; or maps each index to its name, or to its identifier and name
    (`{"0": ["n01440764", "tench"]}`, ImageNet's index); or maps each name to its index
    (`{"tench": 0}`, ImageFolder's `class_to_idx`). Such a mapping may lie under `id2label`, as in
    the `config.json` of transformers, or under `class_to_idx`, beside other settings.

    Args:
        text: What it holds.
        path: Where it lies.
        mistake: Makes what is raised where it is none of these, or may be two of them.

    """
    try:
        content = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        raise mistake(f"{path} is not JSON: {error}") from None
    if isinstance(content, _Pairs):
        return _from_pairs(_under_usual_key(content), path, mistake)
    if isinstance(content, list):
        return [_named(index, entry, path, mistake) for index, entry in enumerate(content)]
    raise mistake(f"{path} must hold a list of names, or map indices to them")


def _under_usual_key(pairs: _Pairs) -> _Pairs:
    """Return the mapping that a file of settings has the class names in, else what is given."""
    held = dict(pairs)
    found = (held.get(key) for key in _USUAL_KEYS)
    return next((each for each in found if isinstance(each, _Pairs)), pairs)


def _from_pairs(pairs: _Pairs, path: Path, mistake: Mistake) -> list[NamedClass]:
    keys, values = [key for key, _ in pairs], [value for _, value in pairs]
    indices = list(map(whole_number, keys))
    by_name = _count_up(values)
    if by_name and _count_up(indices) and list(map(str, values)) != keys:
        raise mistake(
            f"{path} may map names to indices or indices to names, for both are numbers: write it "
            "as a list of names"
        )
    if by_name:
        return [NamedClass(index, name.strip()) for name, index in pairs]
    named = []
    for key, index, entry in zip(keys, indices, values, strict=True):
        if index is None:
            raise mistake(f"{path}: {key!r} is no class index")
        named.append(_named(index, entry, path, mistake))
    return named


def _count_up(values: Sequence[Any]) -> bool:
    """Return whether values are the whole numbers from 0 on, in any order."""
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in values)
    return whole and sorted(values) == list(range(len(values)))


def _named(index: int, entry: Any, path: Path, mistake: Mistake) -> NamedClass:
    identifier, label = entry if _is_couple(entry) else (None, entry)
    if isinstance(label, bool) or not isinstance(label, str | int | float):
        raise mistake(f"{path}: the name of class {index} is no text: {entry!r:.100}")
    return NamedClass(index, str(label).strip(), identifier)


def _is_couple(entry: Any) -> bool:
    return isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str)
