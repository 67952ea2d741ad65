"""The results of a run, read from its folder: rows at once, files when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from PIL import Image

from camcli.comparison.entry import Entry, read_folder
from camcli.errors import CamcliError
from camcli.output.record import read_run
from camcli.system.distribution import install_command
from camcli.system.wording import counted_as

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd


@dataclass(frozen=True)
class StoredRow:
    """A row of a manifest with the files that it lists.

    Attributes:
        folder: Of the run.
        row: As it stands in the manifest.

    """

    folder: Path
    _entry: Entry

    @property
    def row(self) -> Mapping[str, Any]:
        """The row as it stands in the manifest."""
        return self._entry.row

    @property
    def image(self) -> str:
        """The image's name in the run."""
        return self._entry.image

    @property
    def method(self) -> str:
        """The method that explained it."""
        return self._entry.method

    @property
    def status(self) -> str:
        """ok, failed or degenerate."""
        return self._entry.status

    @property
    def reason(self) -> str | None:
        """Why there is no map, None where there is one."""
        error = self.row.get("error")
        return None if error is None else str(error["message"])

    @property
    def target(self) -> Mapping[str, Any]:
        """The explained class: index, name, score, probability; empty of a failed image."""
        return self._entry.target

    @property
    def map(self) -> npt.NDArray[np.float32] | None:
        """The map, float32 (h, w), read from its file; None where none was kept."""
        return self._entry.read_map()

    @property
    def components(self) -> npt.NDArray[np.float32] | None:
        """The components' maps, float32 (Q, h, w); None where none were kept."""
        return self._entry.read_components()

    def overlay(self) -> Image.Image:
        """Return the overlay that was drawn.

        Raises:
            CamcliError: None was kept.

        """
        path = self.row.get("overlay")
        if path is None:
            raise CamcliError(f"{self.image} has no overlay in {self.folder}")
        with Image.open(self.folder / str(path)) as image:
            drawn: Image.Image = image.convert("RGB")
        return drawn

    def __repr__(self) -> str:
        told = self._entry.target_name or self.reason
        return f"<StoredRow {self.image}: {self.status}, {told}>"


class StoredRun(Sequence[StoredRow]):
    """The rows of a run, in the order of its manifest.

    Attributes:
        folder: Where the run is.

    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rows = [StoredRow(folder, entry) for entry in read_folder(folder)]

    @cached_property
    def record(self) -> Mapping[str, Any]:
        """What `run.json` holds."""
        return read_run(self.folder)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> StoredRow: ...
    @overload
    def __getitem__(self, index: slice) -> list[StoredRow]: ...
    def __getitem__(self, index: int | slice) -> StoredRow | list[StoredRow]:
        return self._rows[index]

    def __iter__(self) -> Iterator[StoredRow]:
        return iter(self._rows)

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a table, the fields of nested records as `target.name`.

        Raises:
            CamcliError: pandas is not installed.

        """
        try:
            import pandas
        except ImportError:
            raise CamcliError(f"a table needs pandas: {install_command('pandas')}") from None
        return pandas.json_normalize([dict(row.row) for row in self])

    def __repr__(self) -> str:
        return f"<StoredRun {self.folder}: {counted_as(len(self), 'row')}>"


def open_run(folder: str | Path) -> StoredRun:
    """Return the results that `camcli explain` left in a folder.

    Raises:
        InputError: It holds no manifest, or only those of shards.

    """
    return StoredRun(Path(folder))
