"""The JSON Schema of manifest rows, made from the record that they are written from."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

from camcli.output.manifest_row import ROW_SCHEMA, ComponentsInfo, ErrorInfo, ManifestRow
from camcli.records import MapValues, Target, Versus

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_RECORDS = (ManifestRow, Target, Versus, MapValues, ComponentsInfo, ErrorInfo)
_ENTRY = re.compile(r"^ {8}(\w+): (.*(?:\n {12}.*)*)", re.MULTILINE)


def row_schema() -> dict[str, Any]:
    """Return what a row of this version must be: every field is there, and no other."""
    made = TypeAdapter(ManifestRow).json_schema(mode="serialization")
    records = {record.__name__: record for record in _RECORDS}
    for name, described in [("ManifestRow", made), *made["$defs"].items()]:
        _describe(described, records[name])
    made["properties"]["schema"] = {
        "const": ROW_SCHEMA,
        "description": made["properties"]["schema"]["description"],
    }
    made["title"] = f"camcli manifest row, version {ROW_SCHEMA}"
    return {"$schema": _DIALECT, **_with_null_for_numbers(made)}


def _with_null_for_numbers(value: Any) -> Any:
    """Return a schema in which numbers may be null, as those that are not finite are written."""
    if isinstance(value, dict):
        read = {key: _with_null_for_numbers(inner) for key, inner in value.items()}
        return read | {"type": ["number", "null"]} if value.get("type") == "number" else read
    return [_with_null_for_numbers(inner) for inner in value] if isinstance(value, list) else value


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
    """Yield each field of a record with what its docstring says of it."""
    _, _, attributes = (record.__doc__ or "").partition("Attributes:\n")
    for name, text in _ENTRY.findall(attributes):
        yield name, " ".join(text.split())
