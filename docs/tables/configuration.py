"""The configuration, from its JSON schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from camcli.config import Config
from camcli.config.identity import IDENTITY, Apart
from docs.tables.markdown import code, escaped, page, prose, table

_Schema = Mapping[str, Any]
_WORDS = {"string": "text", "integer": "a whole number", "number": "a number", "null": "`null`",
          "boolean": "`true`, `false`", "object": "a mapping", "array": "a list"}  # fmt: skip


def configuration_page() -> str:
    """Return the page of all keys, with their values, defaults and meanings."""
    schema = Config.model_json_schema()
    return page(
        "Configuration",
        "A YAML file (`--config`), `--set KEY=VALUE` and flags set these keys; flags win over "
        "`--set`, which wins over the file. `camcli config init` writes a file with every default, "
        "`camcli config show` prints what a run would use. The last column says how a key is part "
        "of [what makes two runs the same](../guide/long_runs.md#what-makes-two-runs-the-same).",
        *(_section(schema, name) for name in schema["properties"]),
    )


def _section(schema: _Schema, name: str) -> str:
    section = _section_of(schema, name)
    if section is None:
        field = schema["properties"][name]
        return f"## {name}\n\n" + _keys({name: field}, "")
    defaults = schema["properties"][name].get("default", {})
    keys = {
        key: {**field, **({"default": defaults[key]} if _gives(defaults, key) else {})}
        for key, field in section["properties"].items()
    }
    note = "\n\n`auto`, the default, is what comes with the weights." if defaults == "auto" else ""
    return f"## {name}\n\n{prose(section['description'])}{note}\n\n" + _keys(keys, f"{name}.")


def _gives(defaults: object, key: str) -> bool:
    return isinstance(defaults, Mapping) and key in defaults


def _section_of(schema: _Schema, name: str) -> _Schema | None:
    """Return the section that a top-level key holds, None for a plain value."""
    field = schema["properties"][name]
    for part in [field, *field.get("anyOf", ())]:
        if "$ref" in part:
            found: _Schema = schema["$defs"][part["$ref"].rpartition("/")[2]]
            return found
    return None


def _keys(fields: Mapping[str, _Schema], prefix: str) -> str:
    return table(
        ("key", "values", "default", "meaning", "in the identity"),
        (
            (
                code(prefix + key),
                _values(field),
                _default(field),
                escaped(_meaning(field)),
                _identity(prefix + key),
            )
            for key, field in fields.items()
        ),
    )


def _identity(key: str) -> str:
    part = IDENTITY[key]
    return f"no: {part.reason}" if isinstance(part, Apart) else part.value


def _meaning(field: _Schema) -> str:
    return str(field.get("description", ""))


def _default(field: _Schema) -> str:
    return code(json.dumps(field["default"])) if "default" in field else code("{}")


def _values(field: _Schema) -> str:
    if "$ref" in field:
        return "a mapping"
    if choices := field.get("anyOf", field.get("oneOf")):
        return " or ".join(map(_values, choices))
    if "enum" in field:
        return ", ".join(code(value) for value in field["enum"])
    if "const" in field:
        return code(field["const"])
    if field["type"] == "array":
        return _list_of(field)
    return _WORDS[field["type"]] + _range(field)


def _list_of(field: _Schema) -> str:
    if "prefixItems" in field:
        return f"a list of {len(field['prefixItems'])} numbers"
    return f"a list of {_values(field['items'])}"


def _range(field: _Schema) -> str:
    bounds = [
        f"{sign} {field[name]:g}" if isinstance(field[name], float) else f"{sign} {field[name]}"
        for name, sign in (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"))
        if name in field
    ]
    return f", {' and '.join(bounds)}" if bounds else ""
