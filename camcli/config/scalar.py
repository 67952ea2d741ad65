"""A plain scalar of a YAML file, both as it is written and as YAML reads it.

YAML 1.1 reads the word `no` as false, `010` as eight and `1.10` as 1.1. Whether a user meant the
word or the value is not for the file to say but for the key: a class may well be called "No".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel


@dataclass(frozen=True)
class Scalar:
    """A scalar that YAML does not take for text.

    Attributes:
        text: As it is written.
        value: What YAML makes of it: a number, a truth value, or None.

    """

    text: str
    value: bool | int | float | None


def read_for(annotation: Any, given: Any) -> Any:
    """Return what was given, each scalar in it as the annotation of its key wants it.

    Args:
        annotation: The type of the key. Where it takes text, a scalar is the word as written; where
            it takes None as well, YAML's null stays None. Sections read their own keys.
        given: Text, scalars, and lists and mappings of them.

    """
    members = members_of(annotation)
    has_section = any(isinstance(each, type) and issubclass(each, BaseModel) for each in members)
    if has_section and (str not in members or isinstance(given, Mapping)):
        return given
    if isinstance(given, list):
        return [read_for(annotation, each) for each in given]
    if isinstance(given, Mapping):
        return {key: read_for(annotation, each) for key, each in given.items()}
    return _scalar_for(members, given) if isinstance(given, Scalar) else given


def plain(given: Any) -> Any:
    """Return what was given, with the value of every scalar in it."""
    return read_for(Any, given)


def is_null(given: Any) -> bool:
    """Return whether a key was given without a value."""
    return given is None or (isinstance(given, Scalar) and given.value is None)


def members_of(annotation: Any) -> set[Any]:
    """Return the types and the words that an annotation takes, also as elements of a list."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return set(arguments)
    if origin is Annotated:
        return members_of(arguments[0])
    if origin is dict:  # keyword arguments and options, which are Python's values
        return {Any}
    inner = [argument for argument in arguments if argument is not Ellipsis]
    return set().union(*map(members_of, inner)) if inner else {annotation}


def _scalar_for(members: set[Any], scalar: Scalar) -> Any:
    if scalar.value is None and (NoneType in members or not scalar.text):
        return None
    takes_text = str in members or all(isinstance(each, str) for each in members - {NoneType})
    return scalar.text if takes_text else scalar.value
