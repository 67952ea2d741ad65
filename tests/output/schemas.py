"""Whether JSON is as a schema says."""

from __future__ import annotations

from typing import Any

import pytest

jsonschema = pytest.importorskip("jsonschema")


def mistakes(value: Any, schema: dict[str, Any]) -> list[str]:
    """Return what a value has wrong; the schema itself must be one."""
    jsonschema.Draft202012Validator.check_schema(schema)
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(value)]
