"""Every mistake in a configuration in a line: the key, the value found, what it takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from camcli.config.expected import element_of, expected, words_of
from camcli.config.keys import keys_called, section_in
from camcli.config.scalar import Scalar
from camcli.config.sections import Config
from camcli.config.strict_yaml import KeyPath, Place
from camcli.errors import suggest

_TAGS = {"int", "str", "float", "bool", "tuple", "PreprocessConfig", "TargetConfig"}
_ABOUT_A_KEY = {"extra_forbidden", "invalid_key"}
_IN_OWN_WORDS = {"value_error", "unknown_choice"}  # raised by a field that checks its values


def mistakes_in(error: ValidationError, places: Mapping[KeyPath, Place]) -> Iterable[str]:
    """Return one line per mistake; pydantic's errors for the members of a union become one.

    Args:
        error: What pydantic found.
        places: Where in the file each key is, of those that are from a file.

    """
    found: dict[KeyPath, str] = {}
    for problem in error.errors(include_url=False):
        path = _path_of(problem)
        place = f", in {places[path]}" if path in places else ""
        key = ".".join(str(part) for part in path)
        found.setdefault(path, f"{key}: {_complaint(problem, path)}{place}")
    # What is said of a part need not be said of the whole as well.
    wholes = {path[:depth] for path in found for depth in range(len(path))}
    return [line for path, line in found.items() if path not in wholes]


def _path_of(problem: Mapping[str, Any]) -> KeyPath:
    *sections, last = problem["loc"] or ("",)
    path = tuple(part for part in sections if _is_key(part))
    if problem["type"] == "missing" and isinstance(last, int):  # the list is too short
        return path
    # A key that does not exist comes last and may look like anything.
    return (*path, last) if problem["type"] in _ABOUT_A_KEY or _is_key(last) else path


def _is_key(part: int | str) -> bool:
    """Return whether a part is a key of the config, not a tag that pydantic adds for a union."""
    return isinstance(part, int) or (part.isidentifier() and part not in _TAGS)


def _complaint(problem: Mapping[str, Any], path: KeyPath) -> str:
    value, message = problem["input"], str(problem["msg"]).removeprefix("Value error, ")
    if isinstance(value, Scalar):
        value = value.value
    if problem["type"] == "unknown_choice":
        return message
    if problem["type"] in _ABOUT_A_KEY:
        return _no_such_key(path)
    if problem["type"] == "missing" and path[-1] == problem["loc"][-1]:
        return "is missing"
    if problem["type"] in _IN_OWN_WORDS:
        return f"{message[0].lower()}{message[1:]} (found {value!r})"
    field = _field_at(path)
    if field is None:
        return f"takes a mapping of keys to values (found {value!r})"
    words = words_of(element_of(field.annotation))
    if words and isinstance(value, str | int | float):
        hint = suggest(value, words) if isinstance(value, str) else ""
        return f"{value!r} is not one of {', '.join(words)}{hint}"
    if isinstance(path[-1], int):
        field = FieldInfo(annotation=element_of(field.annotation))
    return f"takes {expected(field)} (found {value!r})"


def _no_such_key(path: KeyPath) -> str:
    word = str(path[-1])
    keys = list(_fields_of(_section_at(path[:-1])))
    if elsewhere := keys_called(word):
        return f"no such key; did you mean {' or '.join(map(repr, elsewhere))}?"
    return f"no such key{suggest(word, keys)} (valid: {', '.join(keys)})"


def _section_at(path: Sequence[int | str]) -> type[BaseModel]:
    """Return the section that a path of keys leads to."""
    section: type[BaseModel] = Config
    for part in (part for part in path if isinstance(part, str)):
        section = section_in(element_of(_fields_of(section)[part].annotation)) or section
    return section


def _fields_of(section: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in section.model_fields.items()}


def _field_at(path: KeyPath) -> FieldInfo | None:
    """Return the field that a path leads to or into, None for the configuration itself."""
    names = [part for part in path if isinstance(part, str) and part]
    return _fields_of(_section_at(names[:-1])).get(names[-1]) if names else None
