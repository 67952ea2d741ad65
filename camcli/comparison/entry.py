"""One explained target of a run, and the runs to compare: a folder, or a frozen file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from camcli.errors import InputError, OutputError
from camcli.output.files import manifest_path, shards_in
from camcli.output.manifest import read_rows
from camcli.output.map_values import meaning_of
from camcli.output.record import read_run
from camcli.records import Geometry, MapValues

Map = npt.NDArray[np.float32]
"""A saliency map, (h, w); `Entry.meaning` says what its values mean, which are mostly in [0, 1]."""

Maps = npt.NDArray[np.float32]
"""Several, (Q, h, w)."""


@dataclass(frozen=True)
class Entry:
    """A row of a manifest, and how its map is read.

    Attributes:
        row: As it stands in the manifest.
        read_map: Returns the map, None where the row has none.
        read_components: Returns the maps of its components, None where they were not kept.

    """

    row: Mapping[str, Any]
    read_map: Callable[[], Map | None]
    read_components: Callable[[], Maps | None] = lambda: None

    @property
    def image(self) -> str:
        """The image's name in the run."""
        return str(self.row["image"])

    @property
    def digest(self) -> str | None:
        """The SHA-256 of the image's bytes, None where the row has none."""
        return digest_in(self.row)

    @property
    def status(self) -> str:
        """How it ended: ok, degenerate or failed."""
        return str(self.row["status"])

    @property
    def method(self) -> str:
        """The method that explained it; empty where the row does not say."""
        return str(self.row.get("method") or "")

    @property
    def target(self) -> Mapping[str, Any]:
        """The explained class, empty where the image failed before it was chosen."""
        return self.row.get("target") or {}

    @property
    def target_name(self) -> str | None:
        """The class's name, or its index where it has none."""
        if not self.target:
            return None
        name, against = self.target.get("name"), self.target.get("sign") == "negative"
        own = f"{'-' * against}{self.target['index'] if name is None else name}"
        rivals = ", ".join(rivals_of(self.row))
        return f"{own} versus {rivals}" if rivals else own

    @property
    def meaning(self) -> MapValues:
        """What the values of its map mean; rows that do not say it are older than signed maps.

        Raises:
            InputError: The row says something that this version does not know.

        """
        return meaning_of(self.row)

    @property
    def extent(self) -> tuple[float, ...] | None:
        """The part of the image that the map covers: (left, top, right, bottom) in its pixels."""
        box = self.row.get("extent") or self.row.get("crop_box")
        return tuple(box) if box else None

    @property
    def geometry(self) -> Geometry | None:
        """Where the map lies in the upright image, None where the row does not say it."""
        width, height = self.row.get("width"), self.row.get("height")
        if not (width and height and self.extent):
            return None
        left, top, right, bottom = self.extent
        return Geometry(width, height, (left, top, right, bottom))

    @property
    def key(self) -> tuple[object, ...]:
        """What a row of another run must share to be about the same."""
        return (self.image, self.target.get("index"), self.target_name)


def methods_of(entries: Iterable[Entry]) -> list[str]:
    """Return the methods of a run, in the order of its rows."""
    return list(dict.fromkeys(entry.method for entry in entries))


def digest_in(row: Mapping[str, Any]) -> str | None:
    """Return the SHA-256 of the image that a row is about, None where it has none."""
    digest = (row.get("sha256") or {}).get("image")
    return None if digest is None else str(digest)


def rivals_of(row: Mapping[str, Any]) -> list[str]:
    """Return what the class of a row is compared with, each by its name, or its index without."""
    others = (row.get("target") or {}).get("versus") or ()
    return [str(each["index"] if each.get("name") is None else each["name"]) for each in others]


def read_folder(folder: Path) -> list[Entry]:
    """Read what `camcli explain` left in a folder; its manifest and maps are enough.

    Raises:
        InputError: There is no manifest, only those of shards, or that of an evaluation.

    """
    manifest = manifest_path(folder)
    if not manifest.is_file():
        advice = ": run `camcli merge` first" if shards_in(folder) else ""
        raise InputError(f"{folder} holds no manifest of camcli explain{advice}")
    over_image = output_of(folder).get("map_size") == "original"
    return [
        Entry(
            _with_extent(row) if over_image else row,
            _reader(folder, row.get("map"), 2),
            _reader(folder, _components_path(row), 3),
        )
        for row in _explained(read_rows(manifest), folder)
    ]


def _explained(rows: Iterable[dict[str, Any]], folder: Path) -> Iterator[dict[str, Any]]:
    """Yield rows, and refuse those of `camcli evaluate`, which have figures and no maps."""
    for row in rows:
        if "methods" in row:
            raise InputError(
                f"{folder} holds an evaluation, which has figures and no maps: give a folder of "
                "camcli explain"
            )
        yield row


def cover_the_same(first: Entry, second: Entry) -> bool:
    """Return whether two maps cover the same part of their image, to a pixel."""
    a, b = first.extent, second.extent
    if a is None or b is None:
        return True
    return all(abs(x - y) <= 1 for x, y in zip(a, b, strict=True))


def output_of(folder: Path) -> Mapping[str, Any]:
    """Return how a run was written, as its record has it; nothing where there is no record.

    The manifest and the maps of a run are enough to look at it.
    """
    try:
        output = read_run(folder)["fingerprint"].get("output")
    except OutputError:
        return {}
    return output if isinstance(output, Mapping) else {}


def _with_extent(row: Mapping[str, Any]) -> dict[str, Any]:
    width, height = row.get("width"), row.get("height")
    return {**row, "extent": [0, 0, width, height] if width and height else None}


def _components_path(row: Mapping[str, Any]) -> str | None:
    components = row.get("components")
    return components.get("path") if components else None


def _reader(
    folder: Path, name: str | None, dimensions: int
) -> Callable[[], npt.NDArray[np.float32] | None]:
    def read() -> npt.NDArray[np.float32] | None:
        if not name:
            return None
        path = folder / name
        try:
            values = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise InputError(f"cannot read the map {path}: {error}") from None
        if values.ndim != dimensions or values.dtype.kind != "f":
            raise InputError(f"{path} is no map: it holds {values.dtype} {values.shape}")
        return np.asarray(values, dtype=np.float32)

    return read
