"""The JSON Schemas of rows of a manifest."""

from __future__ import annotations

from typing import Any

from camcli.output.json_schema import schema_of, with_null_for_numbers
from camcli.output.manifest_row import ROW_SCHEMA, ManifestRow


def row_schema() -> dict[str, Any]:
    """Return what a row of this version must be: every field is there, and no other."""
    return schema_of_rows(ManifestRow, "camcli manifest row")


def schema_of_rows(record: type[Any], title: str) -> dict[str, Any]:
    """Return what the rows of a kind must be, as `manifest.to_line` writes them."""
    return with_null_for_numbers(schema_of(record, title, ROW_SCHEMA))
