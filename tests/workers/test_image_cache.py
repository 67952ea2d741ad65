"""Images are kept as long as there is room, and decoded again where there was none."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from camcli.images.decode import decode
from camcli.output.writers import ArtefactWriter
from camcli.records import FailedImage, ImageItem, ImageRef, Reading
from camcli.workers import protocol as wire
from camcli.workers.failures import GaveUpError
from camcli.workers.image_cache import ImageCache
from camcli.workers.worker import _Worker
from tests.workers.conftest import PREPROCESS, map_of

SIZE = 4 * 30 * 40


@pytest.fixture
def item(image: ImageRef) -> ImageItem:
    decoded = decode(image, PREPROCESS, Reading(10**6))
    assert isinstance(decoded, ImageItem)
    return decoded


def numbered(item: ImageItem, index: int) -> ImageItem:
    return dataclasses.replace(item, ref=dataclasses.replace(item.ref, index=index))


def counting(item: ImageItem, calls: list[int]) -> Callable[[], ImageItem]:
    def decode_again() -> ImageItem:
        calls.append(item.ref.index)
        return item

    return decode_again


def test_the_first_to_come_stay_and_the_others_come_back_when_asked_for(item: ImageItem) -> None:
    kept, calls = ImageCache(2 * SIZE), list[int]()
    items = [numbered(item, index) for index in range(4)]
    for one in items:
        kept.keep(one, counting(one, calls))
    for one in items:
        assert kept.get(one.ref.index) is one
        assert kept.get(one.ref.index).original is not None, "for its other targets"
    assert calls == [2, 3]


def test_released_images_make_room_again(item: ImageItem) -> None:
    kept, calls = ImageCache(2 * SIZE), list[int]()
    for index in range(50):
        one = numbered(item, index)
        kept.keep(one, counting(one, calls))
        kept.get(index)
        kept.forget(index)
        kept.forget(index)
    assert calls == []
    assert kept._bytes == 0
    with pytest.raises(KeyError):
        kept.get(3)


def test_an_image_larger_than_all_the_room_is_released_as_well(item: ImageItem) -> None:
    kept, calls = ImageCache(SIZE - 1), list[int]()
    for _ in range(2):
        kept.keep(item, counting(item, calls))
        kept.get(item.ref.index)
        kept.forget(item.ref.index)
    assert calls == [item.ref.index] * 2
    assert kept._bytes == 0


def test_what_is_not_drawn_over_takes_no_room(item: ImageItem) -> None:
    kept = ImageCache(0)
    undrawn = dataclasses.replace(item, original=None)
    kept.keep(undrawn, lambda: pytest.fail("nothing is missing"))
    assert kept.get(item.ref.index) is undrawn


def test_an_image_that_is_gone_or_another_one_is_given_up(item: ImageItem) -> None:
    kept = ImageCache(0)
    kept.keep(item, lambda: dataclasses.replace(item, sha256="0"))
    with pytest.raises(GaveUpError, match="changed"):
        kept.get(item.ref.index)
    kept.keep(item, lambda: FailedImage(item.ref, "FileNotFoundError", "No such file"))
    with pytest.raises(GaveUpError, match="No such file"):
        kept.get(item.ref.index)


def test_a_worker_without_room_writes_the_same(
    image: ImageRef, item: ImageItem, everything: ArtefactWriter
) -> None:
    here = dataclasses.replace(everything, folder=everything.folder / "here")
    there = dataclasses.replace(everything, folder=everything.folder / "there")
    worker = worker_without_room(image)
    for which in (3, 5):
        expected = here.write([map_of(item, which)])
        request, blobs = wire.write_request(wire.writer_to_json(there), [map_of(item, which)])
        answer, _ = worker.answer(request | {"forget": []}, [bytes(blob) for blob in blobs])
        assert answer == {"written": expected}
    found = {p.relative_to(there.folder): p.read_bytes() for p in there.folder.rglob("*.*")}
    assert found == {p.relative_to(here.folder): p.read_bytes() for p in here.folder.rglob("*.*")}
    assert len(found) == 4


def test_an_image_that_changed_meanwhile_is_given_up_with_the_reason(
    image: ImageRef, item: ImageItem, everything: ArtefactWriter
) -> None:
    worker = worker_without_room(image)
    Image.fromarray(np.zeros((40, 30, 3), np.uint8)).save(image.path)
    request, blobs = wire.write_request(wire.writer_to_json(everything), [map_of(item)])
    answer, sent = worker.answer(request | {"forget": []}, [bytes(blob) for blob in blobs])
    with pytest.raises(GaveUpError, match="changed while") as caught:
        wire.read_write_answer((answer, [bytes(blob) for blob in sent]))
    assert caught.value.kind == "Changed"
    assert list(everything.folder.rglob("*.*")) == []


def worker_without_room(image: ImageRef) -> _Worker:
    worker = _Worker()
    worker._kept = ImageCache(0)
    request, _ = wire.decode_request(image, PREPROCESS, Reading(10**6))
    worker.answer(request | {"forget": []}, ())
    return worker
