"""Every mistake in a configuration in a line: the key, the value found, the valid choices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from camcli.config.sections import Config
from camcli.errors import suggest

_ABOUT_A_KEY = {"extra_forbidden", "invalid_key"}
_TAGS = {"int", "str", "float", "PreprocessConfig", "TargetConfig", "tuple"}


def mistakes_in(error: ValidationError) -> Iterable[str]:
    """Return one line per mistake; pydantic's errors for the members of a union become one."""
    lines: dict[str, str] = {}
    for problem in error.errors(include_url=False):
        if problem["type"] == "too_short" and problem["input"]:
            continue  # what it lacks are its wrong items, each complained of by itself
        *sections, last = problem["loc"] or ("",)
        path = tuple(part for part in sections if _is_key(part))
        # A key that does not exist comes last and may look like anything.
        if problem["type"] in _ABOUT_A_KEY or _is_key(last):
            path = (*path, last)
        key = ".".join(str(part) for part in path)
        lines.setdefault(key, f"{key}: {_complaint(problem, path)}")
    return lines.values()


def _is_key(part: int | str) -> bool:
    """Return whether a part is a key of the config, not a tag that pydantic adds for a union."""
    return isinstance(part, int) or (part.isidentifier() and part not in _TAGS)


def _complaint(problem: Mapping[str, Any], path: tuple[int | str, ...]) -> str:
    value = problem["input"]
    if problem["type"] == "unknown_choice":  # from a field that checks its own choices
        return str(problem["msg"])
    if problem["type"] == "extra_forbidden":
        keys = _keys_at(path[:-1])
        return f"no such key{suggest(str(path[-1]), keys)} (valid: {', '.join(keys)})"
    expected = _choices_at(path)
    if expected and not isinstance(value, dict):
        hint = suggest(value, expected) if isinstance(value, str) else ""
        return f"{value!r} is not one of {', '.join(expected)}{hint}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{message[0].lower()}{message[1:]} (found {value!r})"


def _section_at(path: Sequence[int | str]) -> type[BaseModel] | None:
    """Return the section that a path of keys leads to, None where it leads to a plain value."""
    section: type[BaseModel] | None = Config
    for part in (part for part in path if isinstance(part, str)):
        field = section.model_fields.get(part) if section else None
        section = next(_sections_in(field.annotation), None) if field else None
    return section


def _sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the sections among what a field accepts, also as members of a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _sections_in(part)


def _keys_at(path: Sequence[int | str]) -> list[str]:
    section = _section_at(path)
    fields = section.model_fields.items() if section else ()
    return [field.alias or name for name, field in fields]


def _choices_at(path: tuple[int | str, ...]) -> list[str]:
    """Return the words that the field at `path` accepts, where it accepts only words."""
    names = [part for part in path if isinstance(part, str)]
    section = _section_at(names[:-1]) if names else None
    field = section.model_fields.get(names[-1]) if section else None
    annotation: Any = field.annotation if field else None
    if annotation is not None and len(names) < len(path):
        annotation = next(iter(get_args(annotation)), None)
    choices = get_args(annotation)
    return [str(choice) for choice in choices] if all(isinstance(c, str) for c in choices) else []
