"""Decoding in workers: the same images, and what dies or hangs costs one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from camcli.errors import MachineError
from camcli.images.decode import decode
from camcli.images.stream import stream
from camcli.records import FailedImage, ImageItem, ImageRef, Preprocess, Reading
from camcli.workers import process as subject
from camcli.workers.pool import WorkerPool
from tests.workers.conftest import PREPROCESS, let_workers


def _start(monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    """Let workers do something when they are to read a file called bad."""
    let_workers(monkeypatch, "decode", "'bad' in args[0].path.name", action)


def _same(found: ImageItem | FailedImage, expected: ImageItem | FailedImage) -> None:
    assert isinstance(found, ImageItem)
    assert isinstance(expected, ImageItem)
    assert found.ref is expected.ref
    assert found.original is None, "it stays with the worker"
    np.testing.assert_array_equal(found.pixels, expected.pixels)
    assert found.geometry == expected.geometry
    assert (found.sha256, found.note) == (expected.sha256, expected.note)


def test_it_decodes_as_this_process_would(image: ImageRef, tmp_path: Path) -> None:
    frames = [Image.new("P", (20, 9), i) for i in range(3)]
    frames[0].save(tmp_path / "b.gif", save_all=True, append_images=frames[1:])
    wide = Preprocess((30, 20), (25, 35), (0.5, 0.4, 0.3), (0.1, 0.2, 0.3), "bicubic")
    with WorkerPool(60, Reading(10**6)) as pool:
        for ref in (image, ImageRef(1, tmp_path / "b.gif", "b.gif")):
            for preprocess in (PREPROCESS, wide):
                _same(pool.decode(ref, preprocess), decode(ref, preprocess))


def test_failures_are_those_of_decoding_in_this_process(tmp_path: Path) -> None:
    refs = [ImageRef(0, tmp_path / name, name) for name in ("missing.png", "nul\0.png", "html.png")]
    refs[2].path.write_text("<html>\ud7ff", encoding="utf-8", errors="replace")
    with WorkerPool(60, Reading(10**6)) as pool:
        for ref in refs:
            assert pool.decode(ref, PREPROCESS) == decode(ref, PREPROCESS)


@pytest.mark.slow
def test_the_limit_on_pixels_is_the_users(image: ImageRef) -> None:
    with WorkerPool(60, Reading(1199)) as pool:
        failure = pool.decode(image, PREPROCESS)
    assert isinstance(failure, FailedImage)
    assert "limit" in failure.message
    with WorkerPool(60, Reading(1200)) as pool:
        assert isinstance(pool.decode(image, PREPROCESS), ImageItem)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("crash", "said"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("ctypes.string_at(0)", "SIGSEGV"),
        ("os._exit(3)", "exit code 3"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
    ],
)
def test_a_decoder_that_dies_costs_one_image(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, image: ImageRef, crash: str, said: str
) -> None:
    _start(monkeypatch, crash)
    with WorkerPool(60, Reading(10**6)) as pool:
        failure = pool.decode(ImageRef(1, tmp_path / "bad.png", "bad.png"), PREPROCESS)
        assert failure == FailedImage(failure.ref, "DecoderDied", f"the decoder died ({said})")
        _same(pool.decode(image, PREPROCESS), decode(image, PREPROCESS))


@pytest.mark.slow
@pytest.mark.parametrize("hang", ["time.sleep(600)", "exec('while True: pass')"])
def test_a_decoder_that_hangs_costs_one_image(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, image: ImageRef, hang: str
) -> None:
    _start(monkeypatch, hang)
    with WorkerPool(0.5, Reading(10**6)) as pool:
        failure = pool.decode(ImageRef(1, tmp_path / "bad.png", "bad.png"), PREPROCESS)
        assert failure == FailedImage(failure.ref, "DecoderHung", "decoding took longer than 0.5 s")
        _same(pool.decode(image, PREPROCESS), decode(image, PREPROCESS))


@pytest.mark.slow
def test_a_limit_in_whole_seconds_is_shown_without_decimals(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _start(monkeypatch, "time.sleep(600)")
    with WorkerPool(1.0, Reading(10**6)) as pool:
        failure = pool.decode(ImageRef(1, tmp_path / "bad.png", "bad.png"), PREPROCESS)
    assert isinstance(failure, FailedImage)
    assert failure.message == "decoding took longer than 1 s"


@pytest.mark.slow
def test_a_stream_goes_on_past_decoders_that_die(
    monkeypatch: pytest.MonkeyPatch, image: ImageRef, tmp_path: Path
) -> None:
    _start(monkeypatch, "os.abort()")
    bad = tmp_path / "bad.png"
    refs = [ImageRef(i, bad if i % 3 == 1 else image.path, str(i)) for i in range(12)]
    with WorkerPool(60, Reading(10**6)) as pool:
        batches = list(stream(refs, PREPROCESS, 4, 3, None, pool.decode))
    assert [[item.ref.index for item in batch.items] for batch in batches] == [
        *([0, 2, 3, 5], [6, 8, 9, 11])
    ]
    assert [f.type for batch in batches for f in batch.failures] == ["DecoderDied"] * 4


def test_leaving_ends_a_decoder_that_hangs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, image: ImageRef
) -> None:
    _start(monkeypatch, "time.sleep(600)")
    with ThreadPoolExecutor(1) as threads:
        with WorkerPool(600, Reading(10**6)) as pool:
            threads.submit(pool.decode, image, PREPROCESS).result()
            waiting = threads.submit(pool.decode, ImageRef(1, tmp_path / "bad", "bad"), PREPROCESS)
        assert isinstance(waiting.result(timeout=30), FailedImage)
        assert isinstance(pool.decode(image, PREPROCESS), FailedImage)


@pytest.mark.slow
def test_children_end_with_their_parent(image: ImageRef) -> None:
    script = (
        "import sys, time; from pathlib import Path\n"
        "from camcli.workers.pool import WorkerPool\n"
        "from camcli.records import ImageRef, Preprocess, Reading\n"
        "d = WorkerPool(60, Reading(10**6))\n"
        "d.decode(ImageRef(0, Path('x'), 'x'), Preprocess(16, (16, 16), (0.,)*3, (1.,)*3))\n"
        "print(d._all[0]._process.pid, flush=True); time.sleep(600)\n"
    )
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, env=env
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 20
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and " Z " in stat.read_text())


def test_signals_to_the_group_are_for_the_parent(image: ImageRef) -> None:
    with WorkerPool(60, Reading(10**6)) as pool:
        pool.decode(image, PREPROCESS)
        (child,) = pool._all
        for number in (signal.SIGINT, signal.SIGTERM):
            child._process.send_signal(number)
        _same(pool.decode(image, PREPROCESS), decode(image, PREPROCESS))
        assert pool._all == [child]


def test_modules_in_the_current_folder_are_not_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, image: ImageRef
) -> None:
    for name in ("numpy", "PIL", "json", "camcli"):
        (tmp_path / f"{name}.py").write_text("import os; os.mkdir('pwned')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    with WorkerPool(60, Reading(10**6)) as pool:
        assert isinstance(pool.decode(image, PREPROCESS), ImageItem)
    assert not (tmp_path / "pwned").exists()


def test_what_a_library_prints_does_not_come_between(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    image: ImageRef,
    capfd: pytest.CaptureFixture[str],
) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(image.path.read_bytes())
    _start(monkeypatch, "os.write(1, b'to stdout'); os.write(2, b'to stderr')")
    with WorkerPool(60, Reading(10**6)) as pool:
        assert isinstance(pool.decode(ImageRef(0, bad, "bad"), PREPROCESS), ImageItem)
    assert capfd.readouterr() == ("", "")


def test_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch, image: ImageRef) -> None:
    monkeypatch.setattr(subject, "_START", "import sys; sys.exit(9) # {path}")
    with (
        WorkerPool(60, Reading(10**6)) as pool,
        pytest.raises(MachineError, match="exit code 9"),
    ):
        pool.decode(image, PREPROCESS)


@pytest.mark.slow
def test_processes_started_ahead_are_the_ones_that_decode(image: ImageRef) -> None:
    with WorkerPool(60, Reading(10**6)) as pool:
        pool.start(2)
        ahead = list(pool._all)
        _same(pool.decode(image, PREPROCESS), decode(image, PREPROCESS))
        with ThreadPoolExecutor(1) as threads:
            threads.submit(pool.decode, image, PREPROCESS).result()
        assert len(ahead) == 2
        assert pool._all == ahead
    assert not any(child.is_alive for child in ahead)


def test_processes_started_ahead_that_died_are_passed_over(image: ImageRef) -> None:
    with WorkerPool(60, Reading(10**6)) as pool:
        pool.start(2)
        for child in pool._all:
            child.kill()
        _same(pool.decode(image, PREPROCESS), decode(image, PREPROCESS))


def test_processes_started_ahead_end_when_they_are_not_wanted() -> None:
    with WorkerPool(60, Reading(10**6)) as pool:
        pool.start(2)
        ahead = list(pool._all)
    assert not any(child.is_alive for child in ahead)


def test_a_system_without_room_for_processes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with (
        WorkerPool(60, Reading(10**6)) as pool,
        pytest.raises(MachineError, match="temporarily unavailable"),
    ):
        pool.start(1)


@pytest.mark.slow
def test_each_thread_has_its_own(image: ImageRef) -> None:
    barrier = threading.Barrier(3)

    def work(pool: WorkerPool) -> None:
        barrier.wait()
        for _ in range(3):
            _same(pool.decode(image, PREPROCESS), decode(image, PREPROCESS))

    with WorkerPool(60, Reading(10**6)) as pool, ThreadPoolExecutor(3) as threads:
        for done in [threads.submit(work, pool) for _ in range(3)]:
            done.result()
        assert len(pool._all) == 3
