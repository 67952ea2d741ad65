"""A run in one small file, which can be committed beside the tests that compare with it.

A frozen run is an `.npz` file: the rows as JSON, and the maps, scaled down to at most `SIDE` pixels
and kept as 16-bit integers. Comparing scales the other run's maps down in the same way. The
integers are levels from 0 to 1, or from -1 to 1 of signed maps; raw maps are divided by their
largest value before.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from camcli.comparison.entry import Entry, Map
from camcli.comparison.scaling import scaled_down
from camcli.errors import InputError
from camcli.output.atomic import write_bytes
from camcli.output.map_values import meaning_of

SIDE = 64
"""The longest side of a frozen map, in pixels."""

_FORMATS = (1, 2)
_FORMAT_OF_LEVELS = 1
"""Of files without signed or raw maps, which versions that know no others read rightly."""
_FORMAT_OF_SIGNS = 2
_LEVELS = 65535
# What a comparison reads of a row; paths and digests of files that are not there are left out.
_KEPT = (
    *("image", "status", "method", "layer", "error", "width", "height", "crop_box", "extent"),
    *("target", "map_range", "map_values", "completeness_error", "note"),
)


def is_frozen(path: Path) -> bool:
    """Return whether a path is to be read as a frozen run."""
    return path.suffix == ".npz" and not path.is_dir()


def freeze(entries: Sequence[Entry], path: Path) -> None:
    """Write a run as one file, whole or not at all.

    Raises:
        InputError: A map cannot be read, or no row has one.
        OSError: The file cannot be written.

    """
    maps = [_quantised(entry) for entry in entries]
    if not any(values.size for values in maps):
        raise InputError("no row of the run has a map to freeze: explain again with --save maps")
    rows = [
        {key: entry.row.get(key) for key in _KEPT} | {"sha256": {"image": entry.digest}}
        for entry in entries
    ]
    content = json.dumps({"format": _format_of(entries), "rows": rows}, ensure_ascii=False).encode()
    file = io.BytesIO()
    np.savez_compressed(
        file,
        rows=np.frombuffer(content, np.uint8),
        shapes=np.array([values.shape for values in maps], np.int64).reshape(-1, 2),
        maps=np.concatenate([values.ravel() for values in maps]),
    )
    write_bytes(path, file.getvalue())


def read_frozen(path: Path) -> list[Entry]:
    """Read a file that `freeze` wrote.

    Raises:
        InputError: It cannot be read, or is no such file.

    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            content = json.loads(stored["rows"].tobytes())
            shapes, values = stored["shapes"], stored["maps"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise InputError(f"{path} is no frozen run: {type(error).__name__}: {error}") from None
    version = content.get("format") if isinstance(content, Mapping) else None
    if version not in _FORMATS:
        raise InputError(
            f"{path} is a frozen run of format {version!r}, and this camcli reads "
            f"{' and '.join(map(str, _FORMATS))}: "
            "freeze the run again"
        )
    return _entries(path, content["rows"], shapes, values)


def _entries(
    path: Path,
    rows: Sequence[Mapping[str, Any]],
    shapes: npt.NDArray[np.int64],
    values: npt.NDArray[np.uint16],
) -> list[Entry]:
    ends = np.cumsum(shapes.prod(axis=1)) if len(shapes) else np.zeros(0, np.int64)
    if len(rows) != len(shapes) or (ends[-1] if len(ends) else 0) != values.size:
        raise InputError(f"{path} is damaged: its rows and its maps do not belong together")
    parts = np.split(values, ends[:-1]) if len(ends) else []
    return [
        Entry(row, _reader(row, part, (int(shape[0]), int(shape[1]))))
        for row, part, shape in zip(rows, parts, shapes, strict=True)
    ]


def _format_of(entries: Sequence[Entry]) -> int:
    plain = all(
        entry.meaning.sign != "signed" and entry.meaning.normalize != "none" for entry in entries
    )
    return _FORMAT_OF_LEVELS if plain else _FORMAT_OF_SIGNS


def _reader(
    row: Mapping[str, Any], part: npt.NDArray[np.uint16], shape: tuple[int, int]
) -> Callable[[], Map | None]:
    def read() -> Map | None:
        if not part.size:
            return None
        shares: Map = (part.reshape(shape) / np.float32(_LEVELS)).astype(np.float32)
        low, high = map(np.float32, _ends(row))
        values: Map = low + shares * (high - low)
        return values

    return read


def _quantised(entry: Entry) -> npt.NDArray[np.uint16]:
    """Return the map of an entry as it is kept, uint16 (h, w); (0, 0) stands for none."""
    values = entry.read_map()
    if values is None:
        return np.zeros((0, 0), np.uint16)
    factor = min(1.0, SIDE / max(values.shape))
    height, width = (max(1, round(side * factor)) for side in values.shape)
    low, high = _ends(entry.row)
    shares = (scaled_down(values, (height, width)) - np.float32(low)) / np.float32(high - low)
    levels: npt.NDArray[np.uint16] = np.rint(np.clip(shares, 0, 1) * _LEVELS).astype(np.uint16)
    return levels


def _ends(row: Mapping[str, Any]) -> tuple[float, float]:
    """Return the values that the lowest and the highest level stand for."""
    meaning, largest = meaning_of(row), 1.0
    if meaning.normalize == "none":
        largest = max(map(abs, row["map_range"]))
    return (-largest if meaning.sign == "signed" else 0.0), largest
