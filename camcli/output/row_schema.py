"""The JSON Schema of manifest rows."""

from __future__ import annotations

from typing import Any

from camcli.output.json_schema import schema_of
from camcli.output.manifest_row import ROW_SCHEMA, ManifestRow


def row_schema() -> dict[str, Any]:
    """Return what a row of this version must be: every field is there, and no other."""
    made = schema_of(ManifestRow, "camcli manifest row", ROW_SCHEMA)
    found: dict[str, Any] = _with_null_for_numbers(made)
    return found


def _with_null_for_numbers(value: Any) -> Any:
    """Return a schema in which numbers may be null, as those that are not finite are written."""
    if isinstance(value, dict):
        read = {key: _with_null_for_numbers(inner) for key, inner in value.items()}
        return read | {"type": ["number", "null"]} if value.get("type") == "number" else read
    return [_with_null_for_numbers(inner) for inner in value] if isinstance(value, list) else value
