"""COCO annotations: one JSON file for all images."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from camcli.errors import InputError
from camcli.evaluation.ground_truth.content import (
    Annotations,
    Content,
    Reader,
    Region,
    stated_size,
)
from camcli.evaluation.ground_truth.findings import Finding
from camcli.evaluation.ground_truth.segmentation import has_extent, shape_of
from camcli.evaluation.ground_truth.shapes import Raster, Size
from camcli.models.image_lookup import Entry
from camcli.models.text_files import read_text

_Record = Mapping[str, Any]


def is_coco(path: Path) -> bool:
    """Return whether a path is to be read as COCO: a .json file."""
    return path.suffix.lower() == ".json" and not path.is_dir()


def read_coco(path: Path) -> Annotations:
    """Read a COCO JSON file.

    Raises:
        InputError: The file is no such annotation.

    """
    tree = _tree(path)
    try:
        images, annotations = _records(tree, "images"), _records(tree, "annotations")
        by_image: dict[str, list[_Record]] = {_id(image, "id"): [] for image in images}
        strays: list[tuple[Finding, str]] = []
        for thing in annotations:
            found = by_image.get(_id(thing, "image_id"))
            if found is None:
                strays.append(("unknown_picture", f"annotation {thing.get('id')}"))
            else:
                found.append(thing)
        categories = _Categories.of(tree, annotations)
        entries = [
            _entry(image, by_image[_id(image, "id")], categories, path.name) for image in images
        ]
    except _FlawedFileError as error:
        raise InputError(f"{path} is no COCO annotation file: {error}") from None
    return Annotations(entries, tuple(strays))


class _FlawedFileError(Exception):
    """What is wrong with the file as a whole."""


def _tree(path: Path) -> _Record:
    try:
        tree = json.loads(read_text(path, f"the annotations {path}", InputError))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no COCO annotation file: not JSON: {error}") from None
    if not isinstance(tree, dict):
        raise InputError(
            f"{path} is no COCO annotation file: it holds no object with images and annotations"
            + (" (detection results are a list, and no truth)" if isinstance(tree, list) else "")
        )
    return tree


def _records(tree: _Record, key: str) -> Sequence[_Record]:
    found = tree.get(key)
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise _FlawedFileError(f"it has no list of {key}")
    return found


def _id(record: _Record, key: str) -> str:
    """Return an id as text: some tools write numbers in one place and text in the other."""
    if record.get(key) is None:
        raise _FlawedFileError(f"{str(dict(record))[:80]} has no {key}")
    return str(record[key])


@dataclass(frozen=True)
class _Categories:
    """The names of categories by their id."""

    names: Mapping[str, str]

    @classmethod
    def of(cls, tree: _Record, annotations: Iterable[_Record]) -> _Categories:
        if "categories" not in tree and any("category_id" in thing for thing in annotations):
            raise _FlawedFileError(
                'it has no "categories", which say what the category_id of an annotation means'
            )
        names = {}
        for category in _records(tree, "categories") if "categories" in tree else ():
            if not isinstance(category.get("name"), str):
                raise _FlawedFileError(f"category {category.get('id')} has no name")
            names[_id(category, "id")] = category["name"]
        return cls(names)


def _entry(
    image: _Record, things: Sequence[_Record], categories: _Categories, source: str
) -> Entry[Reader]:
    name = image.get("file_name")
    if not isinstance(name, str) or not name.strip():
        raise _FlawedFileError(f"image {image['id']} has no file_name")
    return Entry((name,), partial(_content, image, things, categories, source))


def _content(
    image: _Record, things: Sequence[_Record], categories: _Categories, source: str
) -> Content:
    """Read the annotations of one image."""
    regions: list[Region] = []
    dropped: list[tuple[Finding, str]] = []
    for thing in things:
        try:
            found = _region(thing, categories)
        except InputError as error:
            raise InputError(f"cannot read {source}: {error}") from None
        if isinstance(found, Region):
            regions.append(found)
        else:
            dropped.append((found, f"annotation {thing.get('id')}"))
    return Content(_size(image, regions), tuple(regions), tuple(dropped))


def _region(thing: _Record, categories: _Categories) -> Region | Finding:
    """Return an annotated object, or why it cannot be used.

    A crowd is a region that may hold objects of its class or not: COCO's own evaluation ignores it.
    """
    if thing.get("iscrowd"):
        return "crowd"
    label = None
    if "category_id" in thing:
        label = categories.names.get(str(thing["category_id"]))
        if label is None:
            return "unknown_category"
    try:
        shape = shape_of(thing)
    except (ValueError, TypeError, KeyError, OverflowError):
        return "no_outline"
    if shape is None:
        return "no_outline"
    return Region(label, shape) if has_extent(shape) else "degenerate"


def _size(image: _Record, regions: Iterable[Region]) -> Size | None:
    """Return the size that an image is said to have, or else that of its masks."""
    stated = stated_size(image.get("width"), image.get("height"))
    return stated or next((r.shape.size for r in regions if isinstance(r.shape, Raster)), None)
