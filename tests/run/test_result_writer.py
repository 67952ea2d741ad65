"""What becomes of an image whose files cannot be written, and that every image is released."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from camcli.engine import Explained
from camcli.output.rows import RowMaker
from camcli.output.writers import Written
from camcli.records import FailedImage, Geometry, ImageItem, ImageRef, SaliencyMap, Target
from camcli.run.result_writer import ResultWriter
from camcli.workers.failures import GaveUpError, StoppedError

_REF = ImageRef(3, Path("a.png"), "a.png")
_ITEM = ImageItem(
    _REF, None, np.zeros((4, 4, 3), np.uint8), Geometry(4, 4, (0.0, 0.0, 4.0, 4.0)), "0" * 64
)


class _Workers:
    """Workers that only release images."""

    def __init__(self) -> None:
        self.released: list[ImageRef] = []

    def forget(self, ref: ImageRef) -> None:
        self.released.append(ref)


class _Maps:
    """Writes nothing, and says so, or raises an error."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked = 0
        self._error = error

    def write(self, maps: Sequence[SaliencyMap]) -> list[Written]:
        self.asked += 1
        if self._error is not None:
            raise self._error
        return [{"map": ("maps/a.png.npy", "1" * 64)} for _ in maps]


def _explained(degenerate: str | None = None) -> Explained:
    target = Target(0, None, 1.0, 0.5)
    values = np.zeros((4, 4), np.float32)
    found = SaliencyMap(_ITEM, target, "m", "l", values, (0.0, 1.0), None, degenerate)
    return Explained(_ITEM, (found,))


def _writer(maps: _Maps) -> tuple[ResultWriter, _Workers]:
    workers = _Workers()
    return ResultWriter(workers, maps, RowMaker([("m", "l")])), workers  # type: ignore[arg-type]


def test_an_explained_image_has_its_files_and_its_row() -> None:
    writer, workers = _writer(_Maps())
    (row,) = writer.write(_explained())
    assert (row.status, row.map) == ("ok", "maps/a.png.npy")
    assert workers.released == [_REF]


def test_a_degenerate_map_has_a_row_and_no_files() -> None:
    maps = _Maps()
    writer, workers = _writer(maps)
    (row,) = writer.write(_explained("the map is zero everywhere"))
    assert (row.status, row.map, maps.asked) == ("degenerate", None, 0)
    assert workers.released == [_REF]


def test_an_image_that_failed_before_has_its_row() -> None:
    writer, workers = _writer(_Maps())
    (row,) = writer.write(FailedImage(_REF, "ImageError", "broken"))
    assert row.status == "failed"
    assert workers.released == [_REF]


@pytest.mark.parametrize("number", [errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.ELOOP])
def test_a_name_that_the_file_system_cannot_store_costs_its_image(number: int) -> None:
    writer, workers = _writer(_Maps(OSError(number, os.strerror(number), "maps/a.png.npy")))
    (row,) = writer.write(_explained())
    assert row.status == "failed"
    assert row.error is not None
    assert "its results cannot be written" in row.error.message
    assert "maps/a.png.npy" in row.error.message
    assert workers.released == [_REF]


def test_workers_that_give_an_image_up_cost_that_image() -> None:
    writer, workers = _writer(_Maps(GaveUpError("DecoderDied", "the decoder died (SIGKILL)")))
    (row,) = writer.write(_explained())
    assert row.error is not None
    assert (row.error.type, row.error.message) == ("DecoderDied", "the decoder died (SIGKILL)")
    assert workers.released == [_REF]


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), StoppedError("stopped"), RuntimeError("x")],
)
def test_what_stops_every_image_stops_the_run(error: Exception) -> None:
    writer, workers = _writer(_Maps(error))
    with pytest.raises(type(error)):
        writer.write(_explained())
    assert workers.released == [_REF]
