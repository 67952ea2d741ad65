"""`manifest.jsonl`: one JSON line for each image and target, appended as it is finished.

Runs and evaluations write it alike; only what is in their rows differs.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Protocol

from camcli.errors import OutputError
from camcli.output.atomic import write_chunks
from camcli.output.manifest_row import ROW_SCHEMA

FILE_NAME = "manifest.jsonl"

_to_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


class Row(Protocol):
    """One line of a manifest."""

    def to_json(self) -> dict[str, Any]:
        """Return the row as builtins; non-finite numbers are allowed."""


def to_line(row: Row) -> str:
    """Return a row as one line of strict JSON, without the newline; non-finite numbers are null."""
    return _to_json(_strict(row.to_json()))


class Manifest:
    """The manifest of a run, open for appending."""

    def __init__(self, path: Path) -> None:
        # Unbuffered: a write that fails must not come back when the file is closed.
        self._file = path.open("ab", buffering=0)

    def append(self, rows: Sequence[Row]) -> None:
        """Append the rows of finished images, and hand them to the operating system together.

        Raises:
            OSError: They could not be written; the manifest ends as it did before.

        """
        data = "".join(f"{to_line(row)}\n" for row in rows).encode("utf-8")
        end = os.fstat(self._file.fileno()).st_size
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError:
            os.ftruncate(self._file.fileno(), end)
            raise

    def __enter__(self) -> Manifest:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._file:
            os.fsync(self._file.fileno())


class Line(NamedTuple):
    """A whole row of a manifest: as builtins, as its bytes, and where these begin."""

    row: dict[str, Any]
    raw: bytes
    start: int

    @property
    def end(self) -> int:
        """Where the next line begins."""
        return self.start + len(self.raw)


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a manifest, up to a line that is not whole."""
    for line in read_lines(path):
        yield line.row


def read_lines(path: Path) -> Iterator[Line]:
    """Yield the lines of a manifest, up to one that is not whole; a missing file has none.

    Raises:
        OutputError: A later version of camcli wrote it, of rows that mean something else.

    """
    if not path.exists():
        return
    start = 0
    with path.open("rb") as file:
        for raw in file:
            row = _row_in(raw)
            if row is None:
                return
            _require_known_schema(row, path)
            line = Line(row, raw, start)
            start = line.end
            yield line


def cut(path: Path, end: int) -> None:
    """Cut off all that follows a place in a manifest, if there is one."""
    if path.exists() and path.stat().st_size > end:
        os.truncate(path, end)


def drop(
    path: Path, images: Container[str], staging: Path | None = None, before: float = math.inf
) -> None:
    """Take rows of some images out of a manifest, in one step.

    Args:
        path: The manifest.
        images: Their names.
        staging: See `atomic`.
        before: Only rows that begin before this byte are taken out.

    """
    kept = (
        line.raw
        for line in read_lines(path)
        if line.row["image"] not in images or line.start >= before
    )
    write_chunks(path, kept, staging, durable=True)


def sort(path: Path, order: Mapping[str, int], staging: Path | None = None) -> None:
    """Put a manifest's rows into the order of their images, in one step.

    Args:
        path: The manifest.
        order: The place of each image by its name; rows of others go to the end.
        staging: See `atomic`.

    """
    places = [
        (order.get(line.row["image"], math.inf), line.start, len(line.raw))
        for line in read_lines(path)
    ]
    if places != sorted(places):
        write_chunks(path, _slices(path, sorted(places)), staging, durable=True)


def _slices(path: Path, places: Iterable[tuple[float, int, int]]) -> Iterator[bytes]:
    with path.open("rb") as file:
        for _, start, length in places:
            file.seek(start)
            yield file.read(length)


def _row_in(raw: bytes) -> dict[str, Any] | None:
    """Return the row that a line holds, None where it is torn or was never a row."""
    if not raw.endswith(b"\n"):
        return None
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    is_row = isinstance(row, dict) and all(
        isinstance(row.get(key), str) for key in ("image", "status")
    )
    return row if is_row else None


def _require_known_schema(row: Mapping[str, Any], path: Path) -> None:
    schema = row.get("schema", ROW_SCHEMA)  # of rows from before they were numbered
    if schema != ROW_SCHEMA:
        raise OutputError(
            f"{path} has rows of version {schema!r}, and this camcli reads version {ROW_SCHEMA}: "
            "read it with the version of camcli that wrote it, which run.json names"
        )


def _strict(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _strict(inner) for key, inner in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_strict(inner) for inner in value]
    return value
