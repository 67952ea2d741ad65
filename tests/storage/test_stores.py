"""Objects in stores are read as files are, and what goes wrong is told in a line of its own."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import fsspec
import numpy as np
import pytest

from camcli.errors import ImageError, InputError, MachineError
from camcli.images.decode import decode
from camcli.images.find import find_images
from camcli.records import FailedImage, ImageItem, ImageRef, Reading
from camcli.storage.location import Url
from camcli.storage.reading import MAX_BYTES, digest_of, found_at, read_bytes
from camcli.storage.stores import _opened, open_object, read_object
from camcli.storage.stores.base import StoreError
from camcli.storage.stores.fsspec_store import FsspecStore
from camcli.workers.pool import WorkerPool
from tests.images.archives import files_in, table_of, write_parquet, write_tar, write_zip
from tests.images.decoding import PREPROCESS
from tests.storage.conftest import SECRET, Answering, Put

PHOTO = Url("s3://photos/a.jpg")


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Key>{SECRET}</Key></Error>".encode()


def test_a_folder_of_a_bucket_has_the_images_of_the_folder(bucket: Put, scenes: Path) -> None:
    for name, data in files_in(scenes):
        bucket(f"scenes/{name}", data)
    bucket("scenes/.hidden/a.png", b"x")
    bucket("scenes/notes.txt", b"x")
    bucket("scenes-of-others/a.png", b"x")
    expected, found = find_images([str(scenes)]), find_images(["s3://photos/scenes"])
    assert [ref.name for ref in found] == [ref.name for ref in expected]
    for one, other in zip(expected, find_images(["s3://photos/scenes/"]), strict=True):
        assert digest_of(one.path) == digest_of(other.path)
        assert str(other.path) == f"s3://photos/scenes/{one.name}"


@pytest.mark.parametrize("suffix", ["tar", "zip", "parquet"])
def test_an_archive_in_a_bucket_is_read_in_parts(
    bucket: Put, scenes: Path, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"in_parts.{suffix}"
    if suffix == "parquet":
        write_parquet(path, table_of(files_in(scenes)))
    else:
        {"tar": write_tar, "zip": write_zip}[suffix](path, files_in(scenes))
    bucket(path.name, path.read_bytes())
    for one, other in zip(
        find_images([str(path)]), find_images([f"s3://photos/{path.name}"]), strict=True
    ):
        assert (one.name, one.label) == (other.name, other.label)
        assert digest_of(one.path) == digest_of(other.path) == digest_of(found_at(str(other.path)))


@pytest.mark.slow
def test_worker_processes_fetch_what_they_decode(bucket: Put, scenes: Path) -> None:
    data = (scenes / "0.png").read_bytes()
    bucket("fetched.png", data)
    (ref,) = find_images(["s3://photos/fetched.png"])
    with WorkerPool(60, Reading()) as pool:
        decoded = pool.decode(ref, PREPROCESS)
    expected = decode(ImageRef(0, scenes / "0.png", "0.png"), PREPROCESS)
    assert isinstance(decoded, ImageItem)
    assert isinstance(expected, ImageItem)
    assert np.array_equal(decoded.pixels, expected.pixels)
    assert decoded.ref.name == "photos/fetched.png"


def test_keys_are_letters_and_not_patterns_or_escapes(bucket: Put) -> None:
    bucket("odd/%a b#?.png", b"x")
    (ref,) = find_images(["s3://photos/odd/"])
    assert str(ref.path) == "s3://photos/odd/%a b#?.png"
    assert read_bytes(ref.path) == b"x"
    with pytest.raises(InputError, match="patterns are not expanded in URLs"):
        find_images(["s3://photos/odd/*.png"])


@pytest.mark.parametrize(
    ("status", "body", "said", "of_the_store"),
    [
        (404, _error("NoSuchKey"), "s3://photos/a.jpg: there is no such object", False),
        (404, _error("NoSuchBucket"), "there is no such bucket (404 NoSuchBucket)", True),
        (403, _error("AccessDenied"), "access is denied (403 AccessDenied)", False),
        (400, _error("ExpiredToken"), "credentials are expired or wrong (400 ExpiredToken)", True),
        (403, _error("InvalidAccessKeyId"), "wrong (403 InvalidAccessKeyId): renew them", True),
        (401, b"", "the credentials are expired or wrong (401)", True),
        (400, _error("BadDigest"), "the request is refused (400 BadDigest)", False),
        (503, _error("SlowDown"), "the store is overloaded or broken, 5 attempts (503", True),
    ],
)
def test_each_failure_has_a_line_of_its_own(
    server: Answering, status: int, body: bytes, said: str, of_the_store: bool
) -> None:
    server.answers = [(status, body)]
    with pytest.raises(ImageError) as caught:
        read_object(PHOTO, MAX_BYTES)
    message = str(caught.value)
    assert said in message
    assert "\n" not in message
    assert SECRET not in message
    assert isinstance(caught.value, StoreError) is of_the_store


def test_a_storm_that_passes_is_waited_out(server: Answering) -> None:
    server.answers = [(503, _error("SlowDown"))] * 4 + [(200, b"photo")]
    assert read_object(PHOTO, MAX_BYTES) == b"photo"
    assert len(server.asked) == 5


def test_a_store_that_is_not_there_is_told(server: Answering) -> None:
    server.close()
    with pytest.raises(StoreError, match="the store cannot be reached, 5 attempts"):
        read_object(PHOTO, MAX_BYTES)


def test_what_is_listed_in_vain_ends_before_any_image(server: Answering) -> None:
    server.answers = [(403, _error("AccessDenied"))]
    with pytest.raises(InputError, match=r"s3://photos/x/: access is denied \(403 AccessDenied\)"):
        find_images(["s3://photos/x/"])


@pytest.mark.slow
def test_a_store_that_fails_as_a_whole_stops_the_run_and_no_row_is_lost_to_it(
    server: Answering,
) -> None:
    server.answers = [(400, _error("ExpiredToken"))]
    with WorkerPool(60, Reading()) as pool:
        with pytest.raises(MachineError, match="the credentials are expired"):
            pool.decode(ImageRef(0, PHOTO, "a.jpg"), PREPROCESS)
        server.answers = [(404, _error("NoSuchKey"))]
        failed = pool.decode(ImageRef(0, PHOTO, "a.jpg"), PREPROCESS)
    assert isinstance(failed, FailedImage)
    assert "there is no such object" in failed.message


def test_a_signed_url_is_fetched_whole_and_shown_without_its_signature(
    server: Answering, tmp_path: Path
) -> None:
    server.answers = [(200, b"x")]
    signed = f"{server.url}/a%20b.jpg?X-Amz-Signature={SECRET}"
    (tmp_path / "list.csv").write_text(f"url\n{signed}\n")
    (ref,) = find_images([str(tmp_path / "list.csv")])
    assert read_bytes(ref.path) == b"x"
    assert server.asked == [f"/a%20b.jpg?X-Amz-Signature={SECRET}"]
    assert SECRET not in f"{ref.path} {ref.name}"
    server.answers = [(403, b"")]
    failed = decode(ref, PREPROCESS)
    assert isinstance(failed, FailedImage)
    assert failed.message.endswith(
        "/a%20b.jpg: access is denied (403): check what these credentials may"
    )


def test_passwords_in_urls_are_refused_and_not_shown() -> None:
    for url in (f"s3://me:{SECRET}@photos/a.jpg", f"https://me:{SECRET}@h/a.jpg"):
        with pytest.raises(ImageError, match="credentials do not belong into URLs") as caught:
            read_object(Url(url), MAX_BYTES)
        assert SECRET not in str(caught.value)


def test_servers_without_a_listing_and_unknown_schemes_are_refused(server: Answering) -> None:
    with pytest.raises(InputError, match="cannot be listed: name its images in a CSV file"):
        find_images([f"{server.url}/photos/"])
    with pytest.raises(InputError, match="no store is known for ftp://: give s3, gs, az, http"):
        find_images(["ftp://h/photos/"])


def test_a_missing_package_is_named_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _opened.cache_clear()
    monkeypatch.setitem(sys.modules, "camcli.storage.stores.object_store", None)
    with pytest.raises(ImageError, match=r"pip install 'camcli-saliency\[remote\]'"):
        read_object(Url("gs://photos/a.jpg"), MAX_BYTES)


def test_objects_are_limited_as_files_are(bucket: Put) -> None:
    bucket("large.jpg", b"x" * 100)
    bucket("empty.jpg", b"")
    with pytest.raises(ImageError, match="the object has 100 bytes; the limit is 99"):
        read_object(Url("s3://photos/large.jpg"), 99)
    with pytest.raises(ImageError, match="the object is empty"):
        read_object(Url("s3://photos/empty.jpg"), 99)


def test_an_object_is_a_file_that_can_be_searched(bucket: Put) -> None:
    bucket("digits", b"0123456789")
    with open_object(Url("s3://photos/digits")) as file:
        assert file.seek(-3, io.SEEK_END) == 7
        assert file.read() == b"789"
        file.seek(2)
        assert file.read(3) == b"234"


def test_a_store_by_fsspec_reads_lists_and_tells_what_is_missing() -> None:
    files = fsspec.filesystem("memory")
    files.pipe({"/of-tests/b.jpg": b"bb", "/of-tests/a/c.jpg": b"ccc"})
    store = FsspecStore(Url("memory://"))
    found = [(entry.key, entry.size) for entry in store.list("of-tests/")]
    assert found == [("of-tests/a/c.jpg", 3), ("of-tests/b.jpg", 2)]
    assert store.fetch("of-tests/b.jpg", 2) == b"bb"
    assert store.read("of-tests/a/c.jpg", 1, 9) == b"cc"
    assert (store.size("of-tests/b.jpg"), store.size("of-tests/no")) == (2, None)
    with pytest.raises(ImageError, match="memory://of-tests/no: there is no such object"):
        store.fetch("of-tests/no", 9)
    with pytest.raises(ImageError, match="the limit is 1"):
        store.fetch("of-tests/b.jpg", 1)
