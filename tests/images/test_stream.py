from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from camcli.errors import InputError
from camcli.images import stream as subject
from camcli.images.decode import decode as real_decode
from camcli.images.stream import stream
from camcli.records import FailedImage, ImageRef, Preprocess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from camcli.records import Batch

_PREPROCESS = Preprocess(16, (16, 16), (0.0,) * 3, (1.0,) * 3)


class _Image:
    """Stands in for a decoded item: the stream only checks whether it is a failure."""

    def __init__(self, ref: ImageRef) -> None:
        self.ref = ref


@pytest.fixture(autouse=True)
def _fake_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail for files named bad*; take longer the earlier a file is in a group of four."""

    def decode(ref: ImageRef, preprocess: Preprocess) -> _Image | FailedImage:
        assert preprocess is _PREPROCESS
        assert threading.current_thread() is not threading.main_thread()
        time.sleep(0.002 * (3 - ref.index % 4))
        bad = ref.name.startswith("bad")
        return FailedImage(ref, "ImageError", "bad") if bad else _Image(ref)

    monkeypatch.setattr(subject, "decode", decode)


def _ref(index: int, bad: bool = False) -> ImageRef:
    name = f"{'bad' if bad else 'good'}{index}.jpg"
    return ImageRef(index, Path(name), name)


def _shape(batches: Iterator[Batch]) -> list[tuple[list[int], list[int]]]:
    return [
        ([item.ref.index for item in batch.items], [fail.ref.index for fail in batch.failures])
        for batch in batches
    ]


def _settled_threads() -> int:
    """Wait until the stream's threads have ended; return how many have not."""
    deadline = time.monotonic() + 5
    while (left := _own_threads()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left


def _own_threads() -> int:
    return sum(thread.name.startswith("camcli") for thread in threading.enumerate())


@pytest.mark.parametrize("workers", [1, 4, 9])
def test_order_is_kept_and_batches_are_full(workers: int) -> None:
    batches = _shape(stream([_ref(i) for i in range(11)], _PREPROCESS, 4, workers))
    assert batches == [([0, 1, 2, 3], []), ([4, 5, 6, 7], []), ([8, 9, 10], [])]


def test_failures_take_no_place_in_a_batch() -> None:
    refs = [_ref(i, bad=i in {0, 2, 5, 8, 9}) for i in range(10)]
    batches = _shape(stream(refs, _PREPROCESS, 2, 3))
    assert batches == [([1, 3], [0, 2]), ([4, 6], [5]), ([7], [8, 9])]


def test_the_last_batch_may_hold_failures_only() -> None:
    refs = [_ref(0), _ref(1, bad=True)]
    assert _shape(stream(refs, _PREPROCESS, 1, 2)) == [([0], []), ([], [1])]


def test_an_empty_listing_yields_no_batch() -> None:
    assert _shape(stream([], _PREPROCESS, 4, 2)) == []
    assert _settled_threads() == 0


def test_an_endless_listing_is_read_only_a_little_ahead() -> None:
    read = 0

    def refs() -> Iterator[ImageRef]:
        nonlocal read
        for read in itertools.count(1):
            yield _ref(read - 1)

    batches = stream(refs(), _PREPROCESS, batch_size=4, workers=2)
    next(batches)
    next(batches)
    time.sleep(0.1)
    assert 8 < read <= 8 + 4 + 2
    before = read
    batches.close()
    assert _settled_threads() == 0
    assert read == before


def test_closing_early_drops_the_images_that_wait() -> None:
    batches = stream((_ref(i) for i in itertools.count()), _PREPROCESS, 50, 1)
    next(batches)
    start = time.monotonic()
    batches.close()
    assert time.monotonic() - start < 0.1
    assert _settled_threads() == 0


def test_closing_does_not_wait_for_a_listing_that_waits_for_input() -> None:
    released = threading.Event()

    def refs() -> Iterator[ImageRef]:
        yield _ref(0)
        released.wait(5)
        yield _ref(1)

    batches = stream(refs(), _PREPROCESS, 1, 1)
    next(batches)
    start = time.monotonic()
    batches.close()
    assert time.monotonic() - start < 1
    released.set()
    assert _settled_threads() == 0


def test_an_error_in_the_listing_comes_after_the_images_before_it() -> None:
    def refs() -> Iterator[ImageRef]:
        yield from map(_ref, range(3))
        raise InputError("no more")

    batches = stream(refs(), _PREPROCESS, 2, 2)
    assert _shape(itertools.islice(batches, 2)) == [([0, 1], []), ([2], [])]
    with pytest.raises(InputError, match="no more"):
        next(batches)
    assert _settled_threads() == 0


def test_an_idle_source_does_not_hold_images_back() -> None:
    go_on = threading.Event()

    def refs() -> Iterator[ImageRef]:
        yield _ref(0)
        yield _ref(1, bad=True)
        go_on.wait(5)
        yield from map(_ref, range(2, 6))

    batches = stream(refs(), _PREPROCESS, batch_size=4, workers=2, patience=0.05)
    assert _shape(itertools.islice(batches, 1)) == [([0], [1])]
    go_on.set()
    assert _shape(batches) == [([2, 3, 4, 5], [])]


def test_waiting_for_the_first_image_yields_no_empty_batch() -> None:
    def refs() -> Iterator[ImageRef]:
        time.sleep(0.1)
        yield _ref(0)

    assert _shape(stream(refs(), _PREPROCESS, 4, 2, patience=0.01)) == [([0], [])]


def test_without_patience_a_slow_source_changes_no_batch() -> None:
    def refs() -> Iterator[ImageRef]:
        for i in range(4):
            time.sleep(0.05)
            yield _ref(i)

    assert _shape(stream(refs(), _PREPROCESS, 4, 2)) == [([0, 1, 2, 3], [])]


def test_slow_decoding_is_not_an_idle_source(monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(ref: ImageRef, preprocess: Preprocess) -> _Image:
        time.sleep(0.05)
        return _Image(ref)

    monkeypatch.setattr(subject, "decode", slowly)
    batches = stream([_ref(i) for i in range(4)], _PREPROCESS, 4, 1, patience=0.01)
    assert _shape(batches) == [([0, 1, 2, 3], [])]


def test_real_files_are_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "decode", real_decode)
    Image.new("RGB", (20, 30), "red").save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"nothing")
    refs = [ImageRef(i, tmp_path / name, name) for i, name in enumerate(["a.png", "b.png"])]
    (batch,) = stream(refs, _PREPROCESS, 4, 2)
    assert [item.ref.name for item in batch.items] == ["a.png"]
    assert [failure.ref.name for failure in batch.failures] == ["b.png"]
