"""The rows of a manifest as a table of plain columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from camcli.comparison.entry import rivals_of

Row = Mapping[str, Any]
Value = str | int | float | None


def _of(*keys: str) -> Callable[[Row], Any]:
    """Return what reads a nested value, None where a level is missing."""

    def read(row: Row) -> Any:
        value: Any = row
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    return read


def _side(place: int) -> Callable[[Row], Any]:
    return lambda row: row["crop_box"][place] if row.get("crop_box") else None


def _bound(place: int) -> Callable[[Row], Any]:
    return lambda row: row["map_range"][place] if row.get("map_range") else None


COLUMNS: dict[str, tuple[type, Callable[[Row], Any]]] = {
    "image": (str, _of("image")),
    "path": (str, _of("path")),
    "status": (str, _of("status")),
    "method": (str, _of("method")),
    "layer": (str, _of("layer")),
    "target_index": (int, _of("target", "index")),
    "target_name": (str, _of("target", "name")),
    "target_sign": (str, _of("target", "sign")),
    "target_versus": (str, lambda row: "; ".join(rivals_of(row)) or None),
    "margin": (float, _of("target", "margin")),
    "score": (float, _of("target", "score")),
    "score_kind": (str, _of("target", "score_kind")),
    "probability": (float, _of("target", "probability")),
    "completeness_error": (float, _of("completeness_error")),
    "map": (str, _of("map")),
    "map_min": (float, _bound(0)),
    "map_max": (float, _bound(1)),
    "map_sign": (str, _of("map_values", "sign")),
    "map_normalize": (str, _of("map_values", "normalize")),
    "map_scale": (float, _of("map_values", "scale")),
    "map_clipped": (int, _of("map_values", "clipped")),
    "overlay": (str, _of("overlay")),
    "components": (str, _of("components", "path")),
    "width": (int, _of("width")),
    "height": (int, _of("height")),
    "crop_left": (float, _side(0)),
    "crop_top": (float, _side(1)),
    "crop_right": (float, _side(2)),
    "crop_bottom": (float, _side(3)),
    "note": (str, _of("note")),
    "error_type": (str, _of("error", "type")),
    "error_message": (str, _of("error", "message")),
    "image_sha256": (str, _of("sha256", "image")),
    "map_sha256": (str, _of("sha256", "map")),
}
"""By name: the type of a column, and what reads it from a row; any value may be missing."""


def values_of(row: Row) -> dict[str, Value]:
    """Return the values of a row, by column."""
    found = {name: (kind, read(row)) for name, (kind, read) in COLUMNS.items()}
    return {name: None if value is None else kind(value) for name, (kind, value) in found.items()}
