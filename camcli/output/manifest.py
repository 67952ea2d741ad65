"""`manifest.jsonl`: one JSON line for each picture and target, appended as it is finished."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from camcli.records import ManifestRow

FILE_NAME = "manifest.jsonl"


def to_line(row: ManifestRow) -> str:
    """Return a row as one line of strict JSON, without the newline; non-finite numbers are null."""
    return json.dumps(_strict(row.to_json()), ensure_ascii=False, allow_nan=False)


class Manifest:
    """The manifest of a run, open for appending."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")

    def append(self, rows: Sequence[ManifestRow]) -> None:
        """Append the rows of one picture, and hand them to the operating system together."""
        self._file.write("".join(f"{to_line(row)}\n" for row in rows).encode("utf-8"))
        self._file.flush()

    def __enter__(self) -> Manifest:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a manifest, up to a line that is not whole."""
    for row, _ in _whole_rows(path):
        yield row


def repair(path: Path, rows_per_image_vary: bool) -> list[dict[str, Any]]:
    """Cut off what an interrupted run left half-written, and return the rows that remain.

    Args:
        path: The manifest; may be missing.
        rows_per_image_vary: Whether pictures can have several rows. Then the rows of the last
            picture are cut too, since some of them may never have been written.

    """
    if not path.exists():
        return []
    kept = list(_whole_rows(path))
    if rows_per_image_vary and kept:
        last = kept[-1][0]["image"]
        kept = [(row, end) for row, end in kept if row["image"] != last]
    os.truncate(path, kept[-1][1] if kept else 0)
    return [row for row, _ in kept]


def _whole_rows(path: Path) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield each row with the offset of its end."""
    end = 0
    with path.open("rb") as file:
        for line in file:
            end += len(line)
            if not line.endswith(b"\n"):
                return
            try:
                row = json.loads(line)
            except ValueError:
                return
            yield row, end


def _strict(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _strict(inner) for key, inner in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_strict(inner) for inner in value]
    return value
