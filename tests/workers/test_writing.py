"""What workers write is what this process would have written, whatever becomes of them."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from camcli.config import OutputConfig
from camcli.images.decode import decode
from camcli.output.writers import ArtefactWriter
from camcli.records import ImageItem, ImageRef, MapValues, Reading
from camcli.workers import pool as pool_module
from camcli.workers import protocol as wire
from camcli.workers.failures import GaveUpError, StoppedError
from camcli.workers.pool import RemoteWriter, WorkerPool
from camcli.workers.worker import _Worker
from tests.output.made import MADE
from tests.workers.conftest import PREPROCESS, let_workers, map_of

EVERYTHING = OutputConfig(save=("maps", "overlays", "heat", "components"))


def decoded_by(pool: WorkerPool, image: ImageRef) -> ImageItem:
    item = pool.decode(image, PREPROCESS)
    assert isinstance(item, ImageItem)
    return item


def decoded_here(image: ImageRef) -> ImageItem:
    item = decode(image, PREPROCESS)
    assert isinstance(item, ImageItem)
    return item


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture
def writer(tmp_path: Path) -> ArtefactWriter:
    return ArtefactWriter(tmp_path / "there", EVERYTHING, MADE, class_in_name=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"overlay_format": "jpg", "colormap": "viridis", "alpha": 0.3},
        {"map_size": "original", "save": ("maps",)},
        {"save": ("overlays",), "caption": "full", "colorbar": True},
    ],
)
@pytest.mark.parametrize("class_in_name", [False, True])
def test_workers_write_the_same_bytes(
    image: ImageRef, tmp_path: Path, asked: dict[str, Any], class_in_name: bool
) -> None:
    config = OutputConfig(**({"save": EVERYTHING.save} | asked))
    here = ArtefactWriter(tmp_path / "here", config, MADE, class_in_name)
    there = dataclasses.replace(here, folder=tmp_path / "there")
    expected = [here.write([map_of(decoded_here(image), *which)]) for which in ((3, 4), (5, 0))]
    with WorkerPool(60, Reading(10**6)) as pool:
        remote, item = RemoteWriter(pool, there), decoded_by(pool, image)
        found = [remote.write([map_of(item, *which)]) for which in ((3, 4), (5, 0))]

    assert found == expected
    assert contents(there.folder) == contents(here.folder)


def test_what_the_values_of_a_map_mean_reaches_the_worker(image: ImageRef) -> None:
    raw = MapValues("signed", "none", 0.1, 3)
    asked = dataclasses.replace(map_of(decoded_here(image)), meaning=raw)
    message, blobs = wire.write_request("{}", [asked])
    received = json.loads(json.dumps(message))["write"]
    (found,) = wire.read_write_request(received, [bytes(blob) for blob in blobs], asked.item)
    assert found.meaning == raw


def test_staging_is_where_the_run_has_it(image: ImageRef, writer: ArtefactWriter) -> None:
    staged = dataclasses.replace(writer, staging=writer.folder / "nowhere")
    with WorkerPool(60, Reading(10**6)) as pool:
        item = decoded_by(pool, image)
        with pytest.raises(FileNotFoundError, match="nowhere"):
            RemoteWriter(pool, staged).write([map_of(item)])


def test_errors_of_the_system_reach_the_run(image: ImageRef, writer: ArtefactWriter) -> None:
    ref = dataclasses.replace(image, name="n" * 300)
    with WorkerPool(60, Reading(10**6)) as pool:
        item = decoded_by(pool, ref)
        with pytest.raises(OSError, match="too long") as caught:
            RemoteWriter(pool, writer).write([map_of(item)])
    assert caught.value.errno == 36
    assert "nnn" in caught.value.filename


def test_any_other_failure_is_not_taken_for_an_error_of_the_system(
    image: ImageRef, writer: ArtefactWriter
) -> None:
    with WorkerPool(60, Reading(10**6)) as pool:
        item = decoded_by(pool, image)
        wrong = dataclasses.replace(map_of(item), values=np.zeros((2, 2, 2, 2), np.float32))
        with pytest.raises(RuntimeError, match="could not write"):
            RemoteWriter(pool, writer).write([wrong])


@pytest.mark.slow
def test_an_image_whose_worker_died_is_decoded_again(
    image: ImageRef, writer: ArtefactWriter, tmp_path: Path
) -> None:
    here = dataclasses.replace(writer, folder=tmp_path / "here")
    here.write([map_of(decoded_here(image), 3, 4)])
    with WorkerPool(60, Reading(10**6)) as pool:
        item = decoded_by(pool, image)
        for worker in pool._all:
            worker.kill()
        RemoteWriter(pool, writer).write([map_of(item, 3, 4)])
    assert contents(writer.folder) == contents(here.folder)


@pytest.mark.slow
def test_another_image_in_its_place_is_not_drawn_over(
    image: ImageRef, writer: ArtefactWriter
) -> None:
    with WorkerPool(60, Reading(10**6)) as pool:
        item = decoded_by(pool, image)
        Image.new("RGB", (40, 30)).save(image.path)
        for worker in pool._all:
            worker.kill()
        with pytest.raises(GaveUpError, match="changed"):
            RemoteWriter(pool, writer).write([map_of(item)])
    assert contents(writer.folder) == {}


@pytest.mark.slow
def test_an_image_that_is_gone_cannot_be_drawn_over(
    image: ImageRef, writer: ArtefactWriter
) -> None:
    with WorkerPool(60, Reading(10**6)) as pool:
        item = decoded_by(pool, image)
        image.path.unlink()
        for worker in pool._all:
            worker.kill()
        with pytest.raises(GaveUpError, match="No such file"):
            RemoteWriter(pool, writer).write([map_of(item)])


@pytest.mark.slow
def test_writing_that_kills_every_worker_is_given_up(
    monkeypatch: pytest.MonkeyPatch, image: ImageRef, writer: ArtefactWriter
) -> None:
    let_workers(monkeypatch, "wire.read_write_request", "True", "os._exit(9)")
    with WorkerPool(60, Reading(10**6)) as pool:
        item = decoded_by(pool, image)
        with pytest.raises(GaveUpError, match="exit code 9"):
            RemoteWriter(pool, writer).write([map_of(item)])


def worker_with(image: ImageRef) -> _Worker:
    worker = _Worker()
    request, _ = wire.decode_request(image, PREPROCESS, Reading(10**6))
    worker.answer(request | {"forget": []}, ())
    return worker


def test_an_image_is_kept_until_it_is_released(image: ImageRef, tmp_path: Path) -> None:
    worker = worker_with(image)
    kept = worker._kept.get(image.index)
    assert kept.original is not None
    assert kept.pixels.size == 0, "the network has them"

    missing, _ = wire.decode_request(ImageRef(8, tmp_path / "no", "no"), PREPROCESS, Reading(10**6))
    worker.answer(missing | {"forget": [7, 100]}, ())
    with pytest.raises(KeyError):
        worker._kept.get(image.index)


def test_the_pool_releases_an_image_with_the_next_request(image: ImageRef) -> None:
    with WorkerPool(60, Reading(10**6)) as pool:
        decoded_by(pool, image)
        (worker,) = pool._all
        pool.forget(image)
        pool.forget(image)
        assert list(worker._forgotten) == [image.index]
        assert pool._keepers == {}
        decoded_by(pool, dataclasses.replace(image, index=8))
        assert list(worker._forgotten) == []


def test_a_worker_whose_run_was_killed_writes_nothing_more(
    monkeypatch: pytest.MonkeyPatch, image: ImageRef, writer: ArtefactWriter
) -> None:
    worker = worker_with(image)
    request, blobs = wire.write_request(wire.writer_to_json(writer), [map_of(decoded_here(image))])
    monkeypatch.setattr(os, "getppid", lambda: -1)  # whoever its parent was, another now
    with pytest.raises(SystemExit):
        worker.answer(request | {"forget": []}, [bytes(blob) for blob in blobs])
    assert contents(writer.folder) == {}


@pytest.mark.slow
def test_a_map_does_not_wait_for_a_worker_that_hangs(
    monkeypatch: pytest.MonkeyPatch, image: ImageRef, writer: ArtefactWriter, tmp_path: Path
) -> None:
    let_workers(monkeypatch, "decode", "'bad' in args[0].path.name", "time.sleep(600)")
    monkeypatch.setattr(pool_module, "_PATIENCE", 0.2)
    hanging = ImageRef(8, tmp_path / "bad.png", "bad.png")
    with ThreadPoolExecutor(1) as thread, WorkerPool(600, Reading(10**6)) as pool:
        item = thread.submit(decoded_by, pool, image).result()
        (keeper,) = pool._all
        stuck = thread.submit(pool.decode, hanging, PREPROCESS)
        while not keeper._exchange_lock.locked():
            time.sleep(0.01)
        RemoteWriter(pool, writer).write([map_of(item)])
        assert not stuck.done()
        assert list(keeper._forgotten) == [image.index]
    assert len(contents(writer.folder)) == 3


def test_a_pool_that_was_left_writes_nothing_and_blames_no_image(
    image: ImageRef, writer: ArtefactWriter
) -> None:
    with WorkerPool(60, Reading(10**6)) as pool:
        item = decoded_by(pool, image)
    with pytest.raises(StoppedError):
        RemoteWriter(pool, writer).write([map_of(item)])
    assert contents(writer.folder) == {}


def test_memory_that_runs_out_in_a_worker_is_an_error_of_the_system(
    monkeypatch: pytest.MonkeyPatch, image: ImageRef, writer: ArtefactWriter
) -> None:
    let_workers(monkeypatch, "wire.read_write_request", "True", "raise MemoryError")
    with WorkerPool(60, Reading(10**6)) as pool:
        item = decoded_by(pool, image)
        with pytest.raises(OSError, match="memory") as caught:
            RemoteWriter(pool, writer).write([map_of(item)])
    assert caught.value.errno == errno.ENOMEM
