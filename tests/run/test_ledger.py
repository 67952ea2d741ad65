"""Rows enter the manifest in the order of the images, and nothing enters it after an error."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest

from camcli.output.manifest import Manifest, read_rows
from camcli.output.manifest_row import ManifestRow
from camcli.run.ledger import Ledger
from camcli.run.outcome import Tally


def _rows(name: str, *statuses: str) -> list[ManifestRow]:
    return [ManifestRow(name, name, status, "m", "l") for status in statuses]  # type: ignore[arg-type]


def _written(path: Path) -> list[str]:
    return [row["image"] for row in read_rows(path)]


def test_rows_wait_for_those_of_the_images_before_them(tmp_path: Path) -> None:
    path, tally = tmp_path / "manifest.jsonl", Tally()
    seen: list[tuple[str, list[str]]] = []

    def on_rows(rows: Sequence[ManifestRow]) -> None:
        seen.append((rows[0].image, _written(path)))

    first, second = Future[list[ManifestRow]](), Future[list[ManifestRow]]()
    with Manifest(path) as manifest, Ledger(4, manifest, on_rows, tally) as ledger:
        ledger.enter(first)
        ledger.enter(second)
        second.set_result(_rows("b", "failed"))
        first.set_result(_rows("a", "ok", "degenerate"))

    assert seen == [("a", ["a", "a"]), ("b", ["a", "a", "b"])], "once they are in the manifest"
    assert tally.images == 2
    assert tally.rows == {"ok": 1, "degenerate": 1, "failed": 1}


def test_an_image_that_cannot_be_written_ends_the_ledger_with_its_error(tmp_path: Path) -> None:
    path, tally = tmp_path / "manifest.jsonl", Tally()
    futures = [Future[list[ManifestRow]]() for _ in range(3)]
    futures[0].set_result(_rows("a", "ok"))
    futures[1].set_exception(OSError("the disk is full"))
    futures[2].set_result(_rows("c", "ok"))

    def enter_all() -> None:
        with Manifest(path) as manifest, Ledger(1, manifest, lambda _: None, tally) as ledger:
            for future in futures:
                ledger.enter(future)

    with pytest.raises(OSError, match="full"):
        enter_all()
    assert _written(path) == ["a"]
    assert tally.images == 1


def test_an_error_of_whoever_receives_the_rows_reaches_the_caller(tmp_path: Path) -> None:
    def on_rows(_rows: Sequence[ManifestRow]) -> None:
        raise OSError("no space for rows on stdout")

    done = Future[list[ManifestRow]]()
    done.set_result(_rows("a", "ok"))
    with (
        pytest.raises(OSError, match="stdout"),
        Manifest(tmp_path / "manifest.jsonl") as manifest,
        Ledger(1, manifest, on_rows, Tally()) as ledger,
    ):
        ledger.enter(done)
