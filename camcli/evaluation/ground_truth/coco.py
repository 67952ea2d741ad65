"""COCO annotations: one JSON file for all images."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from camcli.evaluation.ground_truth.segmentation import (
    box_of,
    has_extent,
    in_fractions,
    outline_of,
)
from camcli.evaluation.ground_truth.shapes import (
    Raster,
    Rectangle,
    Shape,
    Size,
)
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
        _require_once("image", [(_id(image, "id"), image.get("file_name")) for image in images])
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
    value = record[key]
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _require_once(kind: str, named: Sequence[tuple[str, Any]]) -> None:
    """Refuse ids that stand for two things, as in files that were joined."""
    first: dict[str, Any] = {}
    for identifier, name in named:
        if first.setdefault(identifier, name) != name:
            raise _FlawedFileError(
                f"the {kind} id {identifier} stands for {first[identifier]!r} and for {name!r}: "
                "number the files anew before they are joined"
            )


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
        named = []
        for category in _records(tree, "categories") if "categories" in tree else ():
            if not isinstance(category.get("name"), str):
                raise _FlawedFileError(f"category {category.get('id')} has no name")
            named.append((_id(category, "id"), category["name"]))
        _require_once("category", named)
        return cls(dict(named))


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
            region, finding = _region(thing, categories)
        except InputError as error:
            raise InputError(f"cannot read {source}: {error}") from None
        if region is not None:
            regions.append(region)
        if finding is not None:
            dropped.append((finding, f"annotation {thing.get('id')}"))
    return Content(_size(image, regions), tuple(regions), tuple(dropped))


def _region(thing: _Record, categories: _Categories) -> tuple[Region | None, Finding | None]:
    """Return an annotated object where it can be used, and what is to be told of it.

    A crowd is a region that may hold objects of its class or not: COCO's own evaluation ignores it.
    An outline is more exact than the box around it, and goes before it.
    """
    if thing.get("iscrowd"):
        return None, "crowd"
    label = None
    if "category_id" in thing:
        label = categories.names.get(_id(thing, "category_id"))
        if label is None:
            return None, "unknown_category"
    outline, is_read = _readable(outline_of, thing)
    box, _ = _readable(box_of, thing)
    shape = outline or box
    if shape is None:
        return None, "no_outline"
    if not has_extent(shape):
        return None, "degenerate"
    if isinstance(shape, Rectangle) and in_fractions(shape):
        return None, "in_fractions"
    return Region(label, shape), None if is_read else "box_for_outline"


def _readable(read: Callable[[_Record], Shape | None], thing: _Record) -> tuple[Shape | None, bool]:
    """Return a shape, None where there is none, and whether it could be read."""
    try:
        return read(thing), True
    except (ValueError, TypeError, KeyError, OverflowError):
        return None, False


def _size(image: _Record, regions: Iterable[Region]) -> Size | None:
    """Return the size that an image is said to have, or else that of its masks."""
    stated = stated_size(image.get("width"), image.get("height"))
    return stated or next((r.shape.size for r in regions if isinstance(r.shape, Raster)), None)
