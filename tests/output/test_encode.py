"""Files in memory are read back by others as what they were."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from camcli.output import encode
from camcli.output.encode import npy, png


def image(width: int, height: int) -> Image.Image:
    """Return an image with smooth parts, runs and noise, so that no filter or match is unused."""
    noise = np.random.default_rng(width * 1000 + height)
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    values = np.stack([across * 3 % 256, down * 7 % 256, np.full_like(across, 255)], axis=2)
    values[height // 2 :, : width // 2] = noise.integers(0, 256, 3)
    values[: height // 2, width // 2 :] += noise.integers(
        0, 256, values[: height // 2, width // 2 :].shape
    )
    return Image.fromarray(values.astype(np.uint8))


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 9), (9, 1), (2, 3), (63, 65), (500, 375), (130, 64), (1300, 7)]
)
def test_png_is_read_back_pixel_for_pixel(size: tuple[int, int]) -> None:
    drawn = image(*size)

    data = png(drawn)

    with Image.open(io.BytesIO(data)) as found:
        found.verify()
    with Image.open(io.BytesIO(data)) as found:
        assert (found.format, found.mode, found.size) == ("PNG", "RGB", size)
        assert found.tobytes() == drawn.tobytes()


def test_png_has_three_chunks_with_sound_checksums() -> None:
    data = png(image(31, 17))

    kinds, at = [], 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (check,) = struct.unpack_from(">I", data, at + 8 + length)
        assert check == zlib.crc32(kind + body)
        kinds.append(kind)
        at += 12 + length
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]


def test_png_of_a_smooth_image_is_far_smaller_than_its_pixels() -> None:
    across, down = np.meshgrid(np.arange(400), np.arange(300))
    smooth = np.stack([across // 2, down // 2, (across + down) // 4], axis=2).astype(np.uint8)

    assert len(png(Image.fromarray(smooth))) < smooth.size / 4


@pytest.mark.slow
def test_png_is_the_same_wherever_its_compressor_lies_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[object] = []

    def kept(level: int) -> object:
        made.append(compressor(level))
        return made[-1]

    compressor = encode.compressobj
    monkeypatch.setattr(encode, "compressobj", kept)
    rng = np.random.default_rng(0)
    body = rng.integers(0, 24, (20, 40, 3), np.uint8)
    for start in rng.integers(0, 24, (6000, 2, 3), np.uint8):  # found again two rows below
        body[0, :2] = body[2, :2] = start
        image = Image.fromarray(np.cumsum(body, axis=1, dtype=np.uint8))
        assert len({png(image) for _ in range(8)}) == 1
        made.clear()


def test_png_of_another_mode_is_refused_rather_than_wrong() -> None:
    with pytest.raises(ValueError, match="LA"):
        png(Image.new("LA", (4, 4)))


def test_png_is_as_good_where_there_is_no_isal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode, "compressobj", zlib.compressobj)
    drawn = image(130, 64)

    with Image.open(io.BytesIO(png(drawn))) as found:
        assert found.tobytes() == drawn.tobytes()


def test_npy_is_float32_whatever_came_in() -> None:
    values = np.arange(12, dtype=np.float64).reshape(3, 4).T

    found = np.load(io.BytesIO(npy(values)))

    assert found.dtype == np.float32
    assert np.array_equal(found, values)
