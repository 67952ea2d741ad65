"""What a key of the configuration takes, in plain words, from its annotation."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

_KINDS: dict[Any, list[str]] = {
    int: ["a whole number"],
    float: ["a number"],
    bool: ["true", "false"],
    str: ["text"],
    NoneType: ["null"],
}


def expected(field: FieldInfo) -> str:
    """Return what a field takes, such as `'auto' or a whole number of at least 1`."""
    return _phrase(field.annotation, field.metadata)


def alternatives(annotation: Any) -> tuple[Any, ...]:
    """Return what a union is of, and anything else by itself."""
    inner = bare(annotation)
    return get_args(inner) if get_origin(inner) in (Union, UnionType) else (annotation,)


def bare(annotation: Any) -> Any:
    """Return an annotation without its marks."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def element_of(annotation: Any) -> Any:
    """Return what the elements of a list are, and anything else by itself."""
    lists = [each for each in alternatives(annotation) if get_origin(each) is tuple]
    return get_args(lists[0])[0] if lists else annotation


def words_of(annotation: Any) -> list[str]:
    """Return the words that are taken, where nothing but certain words is."""
    members = alternatives(annotation)
    if any(get_origin(member) is not Literal for member in members):
        return []
    return [str(word) for member in members for word in get_args(member)]


def _phrase(annotation: Any, constraints: Sequence[Any]) -> str:
    *others, last = [
        phrase
        for each in alternatives(annotation)
        for phrase in _alternatives_in(each, constraints)
    ]
    return f"{', '.join(others)} or {last}" if others else last


def _alternatives_in(annotation: Any, constraints: Sequence[Any]) -> list[str]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inner = [each for mark in arguments[1:] for each in getattr(mark, "metadata", ())]
        return _alternatives_in(arguments[0], inner)
    if origin is Literal:
        return [repr(word) for word in arguments]
    if origin is tuple:
        return [f"a list{_length(arguments, constraints)}, each {_phrase(arguments[0], ())}"]
    kind = _KINDS.get(annotation, ["a mapping of keys to values"])
    return [f"{each}{_bounds(constraints)}" for each in kind]


def _length(elements: Sequence[Any], constraints: Sequence[Any]) -> str:
    if elements[-1] is not Ellipsis:
        return f" of {len(elements)}"
    return " of one or more" if any(hasattr(each, "min_length") for each in constraints) else ""


def _bounds(constraints: Sequence[Any]) -> str:
    found = {
        name: getattr(each, name)
        for each in constraints
        for name in ("ge", "gt", "le")
        if hasattr(each, name)
    }
    if {"ge", "le"} <= set(found):
        return f" from {found['ge']} to {found['le']}"
    words = {"ge": "at least", "gt": "more than", "le": "at most"}
    stated = " and ".join(f"{words[name]} {bound}" for name, bound in found.items())
    return f" of {stated}" if stated else ""
