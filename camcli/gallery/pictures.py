"""The pictures of a page: thumbnails, originals to look at closely, and bare heat.

Each is named by a digest of what it is made of, so that a page that is made again draws only what
has changed.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from camcli.comparison.compare import kinds_of
from camcli.comparison.entry import Entry, Map, cover_the_same
from camcli.comparison.scaling import at_one_size, scaled_down
from camcli.gallery.items import Item
from camcli.images.decode import decode
from camcli.output.atomic import write_bytes
from camcli.output.levels import Levels, drawable
from camcli.output.render import overlay
from camcli.records import FailedImage, ImageItem, ImageRef, Preprocess, Reading
from camcli.storage.reading import found_at

THUMB_SIDE = 176
_HEAT_SIDE = 96
_THUMB_ALPHA = 0.5
_DIVERGING = "coolwarm"
_JPEG = {"format": "JPEG", "quality": 85, "optimize": True}
# Decoding at a reduced scale asks what the network needs: here, nothing.
_NOTHING = Preprocess(1, (1, 1), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


Original = Callable[[Entry], Image.Image | None]
"""Returns the upright image, read when it is first asked for; None where it is not there."""


@dataclass(frozen=True)
class RowPictures:
    """The pictures of one row, by their paths below the page's folder; None where there is none."""

    thumb: str | None = None
    heat: str | None = None
    components: tuple[str, ...] = ()


@dataclass(frozen=True)
class ItemPictures:
    """The pictures of one item.

    Attributes:
        original: The image itself.
        rows: Of each run's row.
        difference: Of each run's map minus the first run's, in a diverging colour map.
        change: The smallest cosine between the first run's map and another's.

    """

    original: str | None = None
    rows: tuple[RowPictures, ...] = ()
    difference: tuple[str | None, ...] = ()
    change: float | None = None


@dataclass(frozen=True)
class Pictures:
    """Draws what a page shows into its folder.

    Attributes:
        folder: The page's.
        colormaps: Of each run.
        side: The longest side of originals, in pixels; 0 for none.

    """

    folder: Path
    colormaps: tuple[str, ...]
    side: int = 640
    _missing: set[str] = field(default_factory=set)
    _changed: set[str] = field(default_factory=set)
    _unmapped: set[int] = field(default_factory=set)

    @property
    def missing(self) -> int:
        """How many images could not be read, so that their maps are shown without them."""
        return len(self._missing)

    @property
    def changed(self) -> int:
        """How many images are others than were explained, so that they are not shown."""
        return len(self._changed)

    @property
    def unmapped(self) -> int:
        """How many rows were explained but have kept no map, so that images are shown alone."""
        return len(self._unmapped)

    def of(self, item: Item) -> ItemPictures:
        """Draw the pictures of an item, as far as they are not there yet.

        Raises:
            InputError: A map cannot be read.
            OSError: A picture cannot be written.

        """
        decoded = cache(lambda: self._decoded(item))

        def original(row: Entry) -> Image.Image | None:
            return self._original(row, decoded())

        maps = [_drawable(row) if row else None for row in item.rows]
        rows = tuple(
            self._row(row, values, colormap, original)
            for row, values, colormap in zip(item.rows, maps, self.colormaps, strict=True)
        )
        differences, change = self._differences(item, maps)
        return ItemPictures(self._view(item, original), rows, differences, change)

    def _row(
        self,
        row: Entry | None,
        values: Map | None,
        colormap: str,
        original: Original,
    ) -> RowPictures:
        if row is None:
            return RowPictures()
        identity = (_identity(row.row), colormap)
        heat = None
        if values is None and row.status == "ok":
            self._unmapped.add(id(row))
        if values is not None:
            signed = row.meaning.sign == "signed"
            heat = self._made("heat", identity, "png", partial(_heat, values, colormap, signed))

        def drawn() -> bytes | None:
            return _thumb(row, values, colormap, original(row))

        thumb = self._made("thumbs", identity, "jpg", drawn)
        return RowPictures(thumb, heat, self._components(row, colormap))

    def _components(self, row: Entry, colormap: str) -> tuple[str, ...]:
        """Draw the row's components, where the run has kept their maps."""
        maps = row.read_components()
        drawn = []
        for number, values in enumerate(() if maps is None else maps):
            identity = (_identity(row.row), colormap, number)
            name = self._made("components", identity, "png", partial(_heat, values, colormap))
            drawn.append(name or "")
        return tuple(drawn)

    def _view(self, item: Item, original: Original) -> str | None:
        if not self.side:
            return None

        def drawn() -> bytes | None:
            image = original(item.row)
            return _encoded(image, **_JPEG) if image else None

        identity = (_image_identity(item.row.row), self.side)
        return self._made("originals", identity, "jpg", drawn)

    def _differences(
        self, item: Item, maps: list[Map | None]
    ) -> tuple[tuple[str | None, ...], float | None]:
        from camcli.comparison.likeness import cosine

        drawn: list[str | None] = [None]
        cosines = []
        first = maps[0]
        for row, values in zip(item.rows[1:], maps[1:], strict=True):
            same = row is not None and cover_the_same(item.row, row) and _mean_the_same(item, row)
            if first is None or values is None or not same:
                drawn.append(None)
                continue
            before, after = at_one_size(first, values)
            if (alike := cosine(before, after)) is not None:
                cosines.append(alike)
            signed = row.meaning.sign == "signed"  # type: ignore[union-attr]
            moved = (after - before) / np.float32(2 if signed else 1)
            identity = (_identity(item.rows[0].row), _identity(row.row))  # type: ignore[union-attr]
            drawn.append(self._made("changes", identity, "png", partial(_change, moved)))
        return tuple(drawn), min(cosines, default=None)

    def _decoded(self, item: Item) -> ImageItem | None:
        """Return the image, reduced to what the page needs; None where it cannot be read."""
        path = next((row.row["path"] for row in item.rows if row and row.row.get("path")), None)
        if path is not None:
            reading = Reading(keep_side=max(self.side, THUMB_SIDE))
            found = decode(ImageRef(0, found_at(path), item.image), _NOTHING, reading)
            if not isinstance(found, FailedImage):
                return found
        if any(row and row.status != "failed" for row in item.rows):
            self._missing.add(item.image)
        return None

    def _original(self, row: Entry, decoded: ImageItem | None) -> Image.Image | None:
        """Return the upright image that a row is about; None where it is not there any more."""
        if decoded is None:
            return None
        if row.digest in (None, decoded.sha256):
            return decoded.original
        self._changed.add(row.image)
        return None

    def _made(
        self, kind: str, identity: object, suffix: str, draw: Callable[[], bytes | None]
    ) -> str | None:
        """Return the path of a picture, drawn unless it is there; None where there is nothing."""
        digest = hashlib.sha256(json.dumps(identity, default=str).encode()).hexdigest()[:20]
        name = f"{kind}/{digest[:2]}/{digest}.{suffix}"
        path = self.folder / name
        if not path.exists():
            data = draw()
            if data is None:
                return None
            write_bytes(path, data)
        return name


def _identity(row: Mapping[str, Any]) -> list[object]:
    """Return what decides how a row's pictures look."""
    digests = row.get("sha256") or {}
    return [
        *_image_identity(row),
        digests.get("map") or [row.get("map"), row.get("map_range"), row.get("target")],
        row.get("map_values"),
        row.get("crop_box"),
    ]


def _image_identity(row: Mapping[str, Any]) -> list[object]:
    digests = row.get("sha256") or {}
    return [digests.get("image") or [row.get("path"), row["image"]]]


def _thumb(
    row: Entry,
    values: Map | None,
    colormap: str,
    image: Image.Image | None,
) -> bytes | None:
    geometry = row.geometry
    signed = row.meaning.sign == "signed"
    if image is None:
        return None if values is None else _encoded(_coloured(values, colormap, signed), **_JPEG)
    small = image.copy()
    small.thumbnail((THUMB_SIDE, THUMB_SIDE), reducing_gap=2.0)
    if values is not None and geometry is not None:
        small = overlay(small, geometry, values, colormap, _THUMB_ALPHA, signed=signed)
    return _encoded(small, **_JPEG)


def _reduced(values: Map) -> Map:
    factor = min(1.0, _HEAT_SIDE / max(values.shape))
    height, width = (max(1, round(side * factor)) for side in values.shape)
    return scaled_down(values, (height, width))


def _drawable(row: Entry) -> Map | None:
    values = row.read_map()
    return None if values is None else drawable(values, row.meaning)


def _mean_the_same(item: Item, row: Entry) -> bool:
    """Return whether the values of a row's map mean what those of the first run's do."""
    first = item.rows[0]
    return first is not None and kinds_of([first]) == kinds_of([row])


def _coloured(values: Map, colormap: str, signed: bool = False) -> Image.Image:
    lowest = -1 if signed else 0
    return Levels.of(np.clip(_reduced(values), lowest, 1), signed).coloured(colormap)


def _heat(values: Map, colormap: str, signed: bool = False) -> bytes:
    """Return a map as a picture of its own, opaque: the page lays it over the image."""
    return _encoded(_coloured(values, colormap, signed), format="PNG", optimize=True)


def _change(moved: Map) -> bytes:
    """Return a difference d of maps, in [-1, 1]: red or blue by its sign, of opacity √|d|."""
    difference = np.clip(_reduced(moved), -1, 1)
    picture = Levels.of(np.sign(difference), signed=True).coloured(_DIVERGING)
    opacity = 255 * np.sqrt(np.abs(difference))
    picture.putalpha(Image.fromarray(opacity.astype(np.uint8)))
    return _encoded(picture, format="PNG", optimize=True)


def _encoded(image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, **options)
    return file.getvalue()
