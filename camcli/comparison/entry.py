"""One explained target of a run, and the runs to compare: a folder, or a frozen file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from camcli.errors import InputError
from camcli.output.files import manifest_path, shards_in
from camcli.output.manifest import read_rows

Map = npt.NDArray[np.float32]
"""A saliency map, (h, w), in [0, 1]."""


@dataclass(frozen=True)
class Entry:
    """A row of a manifest, and how its map is read.

    Attributes:
        row: As it stands in the manifest.
        read_map: Returns the map, None where the row has none.

    """

    row: Mapping[str, Any]
    read_map: Callable[[], Map | None]

    @property
    def image(self) -> str:
        """The image's name in the run."""
        return str(self.row["image"])

    @property
    def status(self) -> str:
        """How it ended: ok, degenerate or failed."""
        return str(self.row["status"])

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
        return f"{'-' * against}{self.target['index'] if name is None else name}"

    @property
    def key(self) -> tuple[object, ...]:
        """What a row of another run must share to be about the same."""
        return (self.image, self.target.get("index"), self.target_name)


def read_folder(folder: Path) -> list[Entry]:
    """Read what `camcli explain` left in a folder; its manifest and maps are enough.

    Raises:
        InputError: There is no manifest, or only those of shards.

    """
    manifest = manifest_path(folder)
    if not manifest.is_file():
        advice = ": run `camcli merge` first" if shards_in(folder) else ""
        raise InputError(f"{folder} holds no manifest of camcli explain{advice}")
    return [Entry(row, _reader(folder, row)) for row in read_rows(manifest)]


def _reader(folder: Path, row: Mapping[str, Any]) -> Callable[[], Map | None]:
    def read() -> Map | None:
        name = row.get("map")
        if not name:
            return None
        path = folder / name
        try:
            values = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise InputError(f"cannot read the map {path}: {error}") from None
        if values.ndim != 2 or values.dtype.kind != "f":
            raise InputError(f"{path} is no map: it holds {values.dtype} {values.shape}")
        return np.asarray(values, dtype=np.float32)

    return read
