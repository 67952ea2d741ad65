"""JSON Schemas of what camcli writes, made from the records that are written."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ENTRY = re.compile(r"^ {8}(\w+): (.*(?:\n {12}.*)*)", re.MULTILINE)


def schema_of(record: type[Any], title: str, version: int) -> dict[str, Any]:
    """Return what the JSON of a record must be: every field is there, and no other.

    What a field means is what the docstring of its record says.

    Args:
        record: A dataclass with a field `schema`, perhaps of others.
        title: What it is.
        version: What `schema` has to be.

    """
    made = TypeAdapter(record).json_schema(mode="serialization")
    described = {record.__name__: made, **made.get("$defs", {})}
    for each in dict.fromkeys(_records_in(record)):
        _describe(described[each.__name__], each)
    made["properties"]["schema"] = {
        "const": version,
        "description": made["properties"]["schema"]["description"],
    }
    return {"$schema": _DIALECT, **made, "title": f"{title}, version {version}"}


def with_null_for_numbers(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema in which numbers may be null, as those that are not finite are written."""
    found: dict[str, Any] = _with_null(schema)
    return found


def _with_null(value: Any) -> Any:
    if isinstance(value, dict):
        read = {key: _with_null(inner) for key, inner in value.items()}
        return read | {"type": ["number", "null"]} if value.get("type") == "number" else read
    return [_with_null(inner) for inner in value] if isinstance(value, list) else value


def _records_in(record: type[Any]) -> Iterator[type[Any]]:
    """Yield a dataclass and those that its fields are made of."""
    yield record
    for hint in get_type_hints(record).values():
        for part in _parts(hint):
            if isinstance(part, type) and dataclasses.is_dataclass(part):
                yield from _records_in(part)


def _parts(hint: Any) -> Iterator[Any]:
    """Yield the types that a type is made of, such as `int` and `None` of `int | None`."""
    arguments = get_args(hint)
    if not arguments:
        yield hint
    for argument in arguments:
        yield from _parts(argument)


def _describe(described: dict[str, Any], record: type[Any]) -> None:
    meanings = dict(_meanings(record))
    described["description"] = (record.__doc__ or "").partition("\n")[0]
    described["additionalProperties"] = False
    described["required"] = [field.name for field in dataclasses.fields(record)]
    for name, value in described["properties"].items():
        value.pop("title", None)
        value.pop("default", None)
        value["description"] = meanings[name]


def _meanings(record: type[Any]) -> Iterator[tuple[str, str]]:
    """Yield each field of a record with what its docstring, or that of a record below it, says."""
    for each in record.__mro__:
        _, _, attributes = (each.__doc__ or "").partition("Attributes:\n")
        for name, text in _ENTRY.findall(attributes):
            yield name, " ".join(text.split())
