"""The rows of a page in compact parts, which its script loads one after another.

A page that is opened from a disk may not fetch files, but may load scripts. Each part is a script
of one call, whose argument is a string of JSON: the page parses it, and runs nothing that is in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from camcli.comparison.entry import Entry
from camcli.gallery.items import Item
from camcli.gallery.pictures import ItemPictures

ITEMS_PER_PART = 2000

_DIGITS = 5
# What the page shows beside a picture, and in this order.
_DETAILS = (
    *("image", "path", "status", "error", "method", "layer", "target", "completeness_error"),
    *("map_range", "width", "height", "crop_box", "note", "map", "overlay"),
)


class Vocabulary:
    """Words that many rows share, each written once."""

    def __init__(self) -> None:
        """Begin with no word."""
        self._places: dict[str, int] = {}

    @property
    def words(self) -> list[str]:
        """All words, by their places."""
        return list(self._places)

    def place(self, word: str | None) -> int | None:
        """Return the place of a word, None of no word."""
        return None if word is None else self._places.setdefault(word, len(self._places))


def columns(
    items: Sequence[Item],
    pictures: Sequence[ItemPictures],
    truth: Mapping[str, str],
    classes: Vocabulary,
) -> dict[str, Any]:
    """Return what the page needs of all its items at once, by column.

    Args:
        items: Of the part.
        pictures: Of each.
        truth: The true class of images, by name, where it is known.
        classes: Words for the explained and the true classes.

    """
    runs = range(len(items[0].rows))
    return {
        "image": [item.image for item in items],
        "truth": [classes.place(truth.get(item.image)) for item in items],
        "change": [_rounded(made.change) for made in pictures],
        "original": [made.original for made in pictures],
        "box": [_box(item.row) for item in items],
        "runs": [
            _run(
                [item.rows[run] for item in items],
                [made.rows[run].thumb for made in pictures],
                [made.rows[run].heat for made in pictures],
                [made.difference[run] for made in pictures],
                classes,
            )
            for run in runs
        ],
    }


def _run(
    rows: Sequence[Entry | None],
    thumbs: Sequence[str | None],
    heats: Sequence[str | None],
    differences: Sequence[str | None],
    classes: Vocabulary,
) -> dict[str, Any]:
    return {
        "status": [row.status if row else None for row in rows],
        "target": [classes.place(row.target_name) if row else None for row in rows],
        "score": [_rounded(row.target.get("score")) if row else None for row in rows],
        "probability": [_rounded(row.target.get("probability")) if row else None for row in rows],
        "error": [_rounded(row.row.get("completeness_error")) if row else None for row in rows],
        "thumb": thumbs,
        "heat": heats,
        "difference": differences,
    }


def details(
    items: Sequence[Item], pictures: Sequence[ItemPictures]
) -> list[list[dict[str, Any] | None]]:
    """Return what the page shows of an item that is looked at closely: each run's row."""
    return [
        [
            _detail(row, made.components) if row else None
            for row, made in zip(item.rows, drawn.rows, strict=True)
        ]
        for item, drawn in zip(items, pictures, strict=True)
    ]


def _detail(row: Entry, component_pictures: Sequence[str]) -> dict[str, Any]:
    found = {key: row.row[key] for key in _DETAILS if row.row.get(key) is not None}
    components = row.row.get("components")
    if components:
        found["components"] = {
            key: components.get(key) for key in ("weights", "explained_variance", "channels")
        } | {"pictures": list(component_pictures)}
    return found


def _box(row: Entry) -> list[float] | None:
    """Return where the map lies in the image: left, top, width and height, as fractions of it."""
    width, height = row.row.get("width"), row.row.get("height")
    if not (width and height and row.extent):
        return None
    left, top, right, bottom = row.extent
    fractions = (left / width, top / height, (right - left) / width, (bottom - top) / height)
    return [round(fraction, _DIGITS) for fraction in fractions]


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")


def script(function: str, place: int, content: object) -> bytes:
    """Return a script that hands a page JSON: one call, of a number and a string."""
    text = json.dumps(json.dumps(content, separators=(",", ":")))
    return f"{function}({place},{text});\n".encode("ascii")
