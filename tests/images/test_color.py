"""Every colour mode becomes 8-bit RGB, over white."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.images.decoding import pixels_of, quadrants


@pytest.mark.parametrize("mode", ["L", "1", "P"])
@pytest.mark.parametrize("suffix", ["png", "gif", "tif"])
def test_greys_and_palettes_become_rgb(tmp_path: Path, mode: str, suffix: str) -> None:
    image = quadrants().convert(mode)
    image.save(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(
        pixels_of(tmp_path / f"a.{suffix}"), np.asarray(image.convert("RGB"))
    )


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_composited_over_white(tmp_path: Path, mode: str) -> None:
    image = Image.new(mode, (20, 20), (0,) * len(mode))
    opaque = Image.new(mode, (10, 20), (100,) * (len(mode) - 1) + (255,))
    half = Image.new(mode, (5, 20), (0,) * (len(mode) - 1) + (128,))
    image.paste(opaque, (0, 0))
    image.paste(half, (15, 0))
    image.save(tmp_path / "a.png")
    pixels = pixels_of(tmp_path / "a.png")
    assert (pixels[:, :10] == 100).all()
    assert (pixels[:, 10:15] == 255).all()
    assert (pixels[:, 15:] == 127).all()


@pytest.mark.parametrize("suffix", ["png", "gif"])
def test_a_palettes_transparent_colour_is_white(tmp_path: Path, suffix: str) -> None:
    image = Image.new("P", (20, 20), 1)
    image.putpalette([10, 20, 30, 200, 0, 0])
    image.paste(0, (0, 0, 10, 20))
    image.save(tmp_path / f"a.{suffix}", transparency=0)
    pixels = pixels_of(tmp_path / f"a.{suffix}")
    assert (pixels[:, :10] == 255).all()
    assert (pixels[:, 10:] == (200, 0, 0)).all()


def test_a_transparent_key_colour_is_white(tmp_path: Path) -> None:
    quadrants().save(tmp_path / "a.png", transparency=(230, 30, 30))
    pixels = pixels_of(tmp_path / "a.png")
    assert (pixels[:16, :24] == 255).all()
    assert (pixels[:16, 24:] == (30, 210, 30)).all()


def test_cmyk_is_not_inverted(tmp_path: Path) -> None:
    quadrants().convert("CMYK").save(tmp_path / "a.jpg", quality=100, subsampling=0)
    assert b"Adobe" in (tmp_path / "a.jpg").read_bytes()
    assert np.abs(pixels_of(tmp_path / "a.jpg") - np.asarray(quadrants())).max() <= 6
    quadrants().convert("CMYK").save(tmp_path / "a.tif")
    assert np.abs(pixels_of(tmp_path / "a.tif") - np.asarray(quadrants())).max() <= 1


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_sixteen_bits_lose_the_lower_byte(tmp_path: Path, suffix: str) -> None:
    values = np.linspace(0, 65535, 400).astype(np.uint16).reshape(20, 20)
    Image.fromarray(values).save(tmp_path / f"a.{suffix}")
    pixels = pixels_of(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(pixels, np.repeat((values >> 8)[..., None], 3, 2))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 300, 65535]], np.int32), [0, 1, 255]),
        (np.array([[-100, 0, 100]], np.int32), [0, 127, 255]),
        (np.array([[0, 2**30, 2**31 - 1]], np.int32), [0, 127, 255]),
        (np.array([[7, 7]], np.int32), [7, 7]),
        (np.array([[0, 0.5, 1]], np.float32), [0, 128, 255]),
        (np.array([[0, 100.4, 255]], np.float32), [0, 100, 255]),
        (np.array([[-2, 0, 2]], np.float32), [0, 127, 255]),
        (np.array([[0, 500, 1000]], np.float32), [0, 127, 255]),
        (np.array([[np.nan, np.inf, 1]], np.float32), [0, 0, 255]),
        (np.array([[-3, -3]], np.float32), [0, 0]),
        (np.array([[-3e38, 0, 3e38]], np.float32), [0, 127, 255]),
    ],
)
def test_wide_ranges_are_scaled_to_eight_bits(
    tmp_path: Path, values: np.ndarray, expected: list[int]
) -> None:
    Image.fromarray(values).save(tmp_path / "a.tif")
    assert pixels_of(tmp_path / "a.tif")[0, :, 1].tolist() == expected


def test_an_icc_profile_changes_nothing(tmp_path: Path) -> None:
    quadrants().save(tmp_path / "a.png", icc_profile=b"whatever this may be")
    np.testing.assert_array_equal(pixels_of(tmp_path / "a.png"), np.asarray(quadrants()))
