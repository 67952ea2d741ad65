"""Large JPEG files are decoded at a reduced size where the whole is not needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from camcli.images import decode as subject
from camcli.images.decode import decode
from camcli.records import ImageItem, ImageRef, Preprocess, Reading


def _photograph(path: Path, size: tuple[int, int], orientation: int = 1) -> ImageRef:
    """Write smooth shapes with fine grain on them, as a camera would."""
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (7, 9, 3), np.uint8))
    smooth = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC)).astype(int)
    grain = rng.normal(0, 12, (size[1], size[0], 1))
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = np.clip(smooth + grain, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(path, quality=92, exif=exif)
    return ImageRef(0, path, path.name)


def _read(ref: ImageRef, keep_side: int | None) -> ImageItem:
    item = decode(ref, Preprocess(32, (28, 28), (0.0,) * 3, (1.0,) * 3), Reading(10**9, keep_side))
    assert isinstance(item, ImageItem), item
    return item


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_large_jpeg_is_reduced_and_the_input_hardly_changes(
    tmp_path: Path, orientation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = _photograph(tmp_path / "a.jpg", (1200, 800), orientation)
    whole = _read(ref, None)
    decoded: list[tuple[int, int]] = []
    monkeypatch.setattr(
        subject,
        "to_rgb",
        lambda image, *_: (decoded.append(image.size) or image.convert("RGB"), None),
    )
    reduced = _read(ref, 0)
    assert decoded == [(150, 100)]
    assert reduced.original is None
    assert (reduced.geometry, reduced.sha256) == (whole.geometry, whole.sha256)
    difference = np.abs(reduced.pixels.astype(int) - whole.pixels)
    assert 0 < difference.mean() < 0.5


@pytest.mark.parametrize(
    ("size", "keep_side"), [((280, 190), 0), ((1201, 801), 0), ((1200, 800), None)], ids=str
)
def test_an_image_that_is_not_far_larger_or_does_not_divide_is_read_whole(
    tmp_path: Path, size: tuple[int, int], keep_side: int | None
) -> None:
    ref = _photograph(tmp_path / "a.jpg", size)
    np.testing.assert_array_equal(_read(ref, keep_side).pixels, _read(ref, None).pixels)


@pytest.mark.slow
@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("keep_side", [600, 500, 64, 5000])
def test_the_kept_image_is_no_longer_than_asked(
    tmp_path: Path, keep_side: int, orientation: int
) -> None:
    ref = _photograph(tmp_path / "a.jpg", (1200, 800), orientation)
    item, whole = _read(ref, keep_side), _read(ref, None)
    assert item.original is not None
    assert whole.original is not None
    assert max(item.original.size) == min(keep_side, 1200)
    assert item.geometry == whole.geometry
    expected = np.asarray(whole.original.resize(item.original.size)).astype(int)
    assert np.abs(np.asarray(item.original) - expected).mean() < 3
