"""Which columns of a table hold its images and their labels.

A table that Hugging Face's libraries wrote says so itself, in the metadata of its schema. In
others, an image is a struct with the field `bytes`, or plain bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from camcli.storage.containers.base import ContainerError
from camcli.storage.containers.entry import Entry, Label

_LABEL = "label"
_IMAGE = "image"


@dataclass(frozen=True)
class Columns:
    """Where a table has what.

    Attributes:
        image: The column of the images.
        path: The column, or field of it, with what each image is called; None where there is none.
        label: The column of the labels, None where there is none.
        names: What the label's numbers stand for, none where they are indices or names themselves.

    """

    image: str
    path: str | None
    label: str | None
    names: Sequence[str] = ()

    @property
    def listed(self) -> list[str]:
        """The columns that a listing needs, which does not read the images."""
        return [column for column in (self.path, self.label) if column is not None]

    def entry(self, number: int, row: Mapping[str, Any]) -> Entry:
        """Return the entry of a row, given the values of its listed columns."""
        described = row.get(self.image) if self.path else None
        given = PurePosixPath((described or {}).get("path") or "")
        called = given.name if given.is_absolute() else str(given)
        label = None if self.label is None else row.get(self.label)
        return Entry(
            str(number), called if given.name else f"{number:08d}", label=self._label(label)
        )

    def _label(self, value: Any) -> Label | None:
        if isinstance(value, int) and 0 <= value < len(self.names):
            return self.names[value]
        return value if isinstance(value, int | str) else None


def columns_of(schema: pa.Schema) -> Columns:
    """Return where a table has its images.

    Raises:
        ContainerError: No column holds images, or several do.

    """
    features = _features(schema)
    image = _image_column(schema, features)
    field = schema.field(image).type
    has_path = pa.types.is_struct(field) and field.get_field_index("path") >= 0
    label = _label_column(schema, features)
    names = features.get(label or "", {}).get("names") or ()
    return Columns(image, f"{image}.path" if has_path else None, label, tuple(names))


def _image_column(schema: pa.Schema, features: Mapping[str, Any]) -> str:
    told = [name for name, kind in features.items() if kind.get("_type") == "Image"]
    found = told or list(_possible_images(schema))
    if not found:
        raise ContainerError(
            "no column holds images, as bytes or as a struct with bytes; it has "
            f"{', '.join(schema.names) or 'none'}"
        )
    if len(found) > 1 and _IMAGE not in found:
        raise ContainerError(
            f"the columns {', '.join(found)} may all hold the images: call the one {_IMAGE!r}"
        )
    return _IMAGE if _IMAGE in found else found[0]


def _possible_images(schema: pa.Schema) -> Iterator[str]:
    for field in schema:
        kind = field.type
        inner = kind.field("bytes").type if _has_bytes(kind) else kind
        if pa.types.is_binary(inner) or pa.types.is_large_binary(inner):
            yield field.name


def _has_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0)


def _label_column(schema: pa.Schema, features: Mapping[str, Any]) -> str | None:
    told = [name for name, kind in features.items() if kind.get("_type") == "ClassLabel"]
    if _LABEL in schema.names:
        return _LABEL
    return told[0] if len(told) == 1 else None


def _features(schema: pa.Schema) -> dict[str, Any]:
    """Return what Hugging Face's libraries say of the columns, nothing where they did not write."""
    try:
        info = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = info["info"]["features"]
        return {name: kind for name, kind in features.items() if isinstance(kind, dict)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def bytes_in(value: Any) -> tuple[bytes | None, str | None]:
    """Return the bytes in a cell, and the path in it."""
    if isinstance(value, Mapping):
        return value.get("bytes"), value.get("path")
    return value, None
