"""The documents of a FiftyOne dataset, as its JSON format keeps them.

FiftyOne puts them into its database as they are. A field is declared once for the dataset, with the
class of each value in it; of identifiers any 12 bytes will do, as long as they differ.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

# The oldest version whose databases look so; a later FiftyOne brings them up to date.
_VERSION = "1.0.0"

_FIELD = "fiftyone.core.fields."
_LABEL = {"id": "ObjectIdField", "tags": "ListField:StringField", "label": "StringField"}
_LABELS = {
    "Classification": {
        **_LABEL,
        "confidence": "FloatField",
        "logits": "VectorField",
        "score": "FloatField",
        "completeness_error": "FloatField",
    },
    "Heatmap": {
        **_LABEL,
        "map": "ArrayField",
        "map_path": "StringField",
        "range": "HeatmapRangeField:FloatField",
    },
}
_SAMPLE = {
    "id": "ObjectIdField",
    "filepath": "StringField",
    "tags": "ListField:StringField",
    "created_at": "DateTimeField",
    "last_modified_at": "DateTimeField",
    "_media_type": "StringField",
    "_rand": "FloatField",
    "_dataset_id": "ObjectIdField",
    "image": "StringField",
    "error": "StringField",
}
_METADATA = {
    "size_bytes": "IntField",
    "mime_type": "StringField",
    "width": "IntField",
    "height": "IntField",
    "num_channels": "IntField",
}


def field_of_target(place: int) -> str:
    """Return the field of the `place`-th target of an image, counted from 1."""
    return _numbered("target", place)


def field_of_map(method: str, place: int) -> str:
    """Return the field of the map of the `place`-th target, such as `grad_cam_plus_plus_2`."""
    return _numbered(re.sub(r"\W", "_", method.replace("+", "_plus")), place)


def sample_document(image: str, filepath: str, **values: Any) -> dict[str, Any]:
    """Return the document of an image with further values by field."""
    return {
        "_id": _object_id(image),
        "_media_type": "image",
        "_rand": _share(image),
        "filepath": filepath,
        "metadata": None,
        "image": image,
        **values,
    }


def label_document(kind: str, image: str, field: str, **values: Any) -> dict[str, Any]:
    """Return what a field of an image holds: a Classification or a Heatmap."""
    return {"_id": _object_id(image, field), "_cls": kind, "tags": [], **values}


def dataset_document(labels: Mapping[str, str]) -> dict[str, Any]:
    """Return the document of a dataset whose samples have labels, by field the kind of each."""
    return {
        "version": _VERSION,
        "media_type": "image",
        "sample_fields": [
            *(_field(name, kind) for name, kind in _SAMPLE.items()),
            _embedded("metadata", "fiftyone.core.metadata.ImageMetadata", _METADATA),
            *(
                _embedded(name, f"fiftyone.core.labels.{kind}", _LABELS[kind])
                for name, kind in labels.items()
            ),
        ],
    }


def _numbered(name: str, place: int) -> str:
    return name if place == 1 else f"{name}_{place}"


def _object_id(*of: str) -> dict[str, str]:
    return {"$oid": _digest(*of)[:24]}


def _share(of: str) -> float:
    """Return a number in [0, 1), by which FiftyOne takes samples at random."""
    return int(_digest(of)[-8:], 16) / 2**32


def _digest(*of: str) -> str:
    return hashlib.sha256("\0".join(of).encode("utf-8", "surrogateescape")).hexdigest()


def _embedded(name: str, kind: str, fields: Mapping[str, str]) -> dict[str, Any]:
    return _field(name, "EmbeddedDocumentField") | {
        "embedded_doc_type": kind,
        "fields": [_field(inner, inner_kind) for inner, inner_kind in fields.items()],
    }


def _field(name: str, kind: str) -> dict[str, Any]:
    """Return how a field is declared; `ListField:StringField` is a list of texts."""
    own, _, of_items = kind.partition(":")
    return {
        "name": name,
        "ftype": f"{_FIELD}{own}",
        "embedded_doc_type": None,
        "subfield": f"{_FIELD}{of_items}" if of_items else None,
        "fields": [],
        "db_field": "_id" if name == "id" else name,
        "read_only": kind == "DateTimeField",
    }
