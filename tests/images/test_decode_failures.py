"""What cannot or must not be decoded fails with a message, and never raises."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from camcli.images import decode as subject
from camcli.records import FailedImage, ImageItem
from tests.images.decoding import decode_file, failure_of, noise, quadrants


@pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")
@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "bmp", "webp", "tif"])
def test_a_truncated_file_fails(tmp_path: Path, suffix: str, share: float) -> None:
    buffer = io.BytesIO()
    noise().save(buffer, {"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix), quality=90)
    data = buffer.getvalue()
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(data[: max(1, int(len(data) * share))])
    failure = failure_of(path)
    assert failure.ref.path == path
    assert failure.message


@pytest.mark.parametrize(
    "data", [b"<!DOCTYPE html><html>", b"\xff\xd8\xff", b"\0" * 5000, b"%!PS-Adobe-3.0 EPSF-3.0\n"]
)
def test_a_file_that_is_not_an_image_fails(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(data)
    assert failure_of(tmp_path / "a.jpg").message


def test_the_message_shows_that_a_file_is_html(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"<!DOCTYPE html>")
    failure = failure_of(tmp_path / "a.jpg")
    assert failure.type == "ImageError"
    assert "<!DOCTYPE" in failure.message


@pytest.mark.parametrize("suffix", ["heic", "dng", "svg"])
def test_a_picture_of_another_format_says_what_to_do(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a.{suffix}").write_bytes(b"\0\0\0\x18ftypheic" + b"\0" * 40)
    expected = f".{suffix} files are not read: convert it to .jpg or .png"
    assert failure_of(tmp_path / f"a.{suffix}").message == expected


def test_a_file_that_was_cut_off_says_so_in_our_words(tmp_path: Path) -> None:
    noise().save(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:-200])
    expected = "the file is cut off or damaged: it ends before its picture does"
    assert failure_of(tmp_path / "a.jpg").message == expected


def test_eps_is_never_interpreted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quadrants().save(tmp_path / "a.eps")
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *_, **__: pytest.fail("ran"))
    assert "not an image" in failure_of(tmp_path / "a.eps").message


def test_only_regular_files_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dir.jpg").mkdir()
    os.mkfifo(tmp_path / "fifo.jpg")
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / "itself.jpg").symlink_to(tmp_path / "itself.jpg")
    (tmp_path / "empty.jpg").touch()
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail(f"opened {self}"))
    assert "a folder" in failure_of(tmp_path / "dir.jpg").message
    assert "a pipe" in failure_of(tmp_path / "fifo.jpg").message
    assert "a pipe, socket or device" in failure_of(Path("/dev/zero")).message
    assert "empty" in failure_of(tmp_path / "empty.jpg").message
    assert failure_of(tmp_path / "missing.jpg").type == "FileNotFoundError"
    assert failure_of(tmp_path / "missing.jpg").message == "No such file or directory"
    assert failure_of(tmp_path / "dangling.jpg").type == "FileNotFoundError"
    assert failure_of(tmp_path / "itself.jpg").type == "OSError"
    assert failure_of(tmp_path / "nul\0.jpg").type == "ValueError"


def _png_header(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 1000)
    chunks = b"".join(
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, data)
    )
    return b"\x89PNG\r\n\x1a\n" + chunks


def test_a_decompression_bomb_is_refused_whatever_pillow_is_set_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_bytes(_png_header(60_000, 60_000))
    assert "178956970" in failure_of(tmp_path / "a.png").message
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    failure = failure_of(tmp_path / "a.png")
    assert "60000 x 60000" in failure.message
    assert "178956970" in failure.message


def test_an_enormous_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quadrants().save(tmp_path / "a.png")
    monkeypatch.setattr(subject, "MAX_BYTES", 100)
    assert "limit is 100" in failure_of(tmp_path / "a.png").message


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "webp", "tif", "bmp"])
def test_damaged_files_never_raise(tmp_path: Path, suffix: str) -> None:
    buffer = io.BytesIO()
    noise().save(buffer, {"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix))
    rng = np.random.default_rng(1)
    for trial in range(40):
        data = bytearray(buffer.getvalue())
        for place in rng.integers(0, min(len(data), 600), 8):
            data[place] = rng.integers(256)
        path = tmp_path / f"{trial}.{suffix}"
        path.write_bytes(data)
        assert isinstance(decode_file(path), ImageItem | FailedImage)
