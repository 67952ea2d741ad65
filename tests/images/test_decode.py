"""What an image file holds is what an item holds, upright."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from camcli.images.geometry import geometry, to_input
from tests.images.decoding import PREPROCESS, item_of, pixels_of, quadrants

_PHOTOS = Path(__file__).parents[2].parent / "shared" / "data" / "photos"


def test_an_item_holds_the_files_pixels_and_digest(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    quadrants().save(path)
    item = item_of(path)
    np.testing.assert_array_equal(np.asarray(item.original), np.asarray(quadrants()))
    np.testing.assert_array_equal(item.pixels, to_input(quadrants(), PREPROCESS))
    assert item.geometry == geometry(PREPROCESS, 48, 32)
    assert item.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert item.note is None


_TO_STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(
    tmp_path: Path, orientation: int, suffix: str
) -> None:
    stored, method = quadrants(), _TO_STORED[orientation]
    stored = stored if method is None else stored.transpose(method)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    options = {"lossless": True} if suffix == "webp" else {}
    if suffix == "jpg":
        options = {"quality": 100, "subsampling": 0}
    stored.save(path, exif=exif, **options)
    difference = np.abs(pixels_of(path) - np.asarray(quadrants()).astype(int))
    assert difference.max() <= (3 if suffix == "jpg" else 0)
    assert item_of(path).geometry.width == 48


@pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")
@pytest.mark.parametrize(
    "exif",
    [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"x"],
)
def test_a_broken_exif_block_is_ignored(tmp_path: Path, exif: bytes) -> None:
    quadrants().save(tmp_path / "a.jpg", exif=exif, quality=100, subsampling=0)
    assert np.abs(pixels_of(tmp_path / "a.jpg") - np.asarray(quadrants())).max() <= 3


def test_any_error_from_reading_exif_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(image: Image.Image) -> Image.Exif:
        raise SyntaxError("not a TIFF file")

    quadrants().save(tmp_path / "a.png")
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.getexif", broken)
    np.testing.assert_array_equal(pixels_of(tmp_path / "a.png"), np.asarray(quadrants()))


def test_an_unknown_orientation_is_ignored(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 99
    quadrants().save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(pixels_of(tmp_path / "a.png"), np.asarray(quadrants()))


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_the_first_frame_of_an_animation_is_taken(tmp_path: Path, suffix: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if suffix == "webp" else {}
    frames[0].save(
        tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:], duration=100, **options
    )
    item = item_of(tmp_path / f"a.{suffix}")
    assert item.note == "first frame of 3"
    assert item.original.getpixel((5, 5)) == (255, 0, 0)


@pytest.mark.skipif(not features.check("avif"), reason="Pillow was built without AVIF")
def test_avif_is_decoded(tmp_path: Path) -> None:
    quadrants().save(tmp_path / "a.avif", quality=100)
    assert np.abs(pixels_of(tmp_path / "a.avif") - np.asarray(quadrants())).mean() < 4


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (2, 3)], ids=str)
def test_tiny_images_fill_the_input(tmp_path: Path, size: tuple[int, int]) -> None:
    Image.new("RGB", size, (9, 8, 7)).save(tmp_path / "a.png")
    assert (item_of(tmp_path / "a.png").pixels == (9, 8, 7)).all()


@pytest.mark.skipif(not _PHOTOS.is_dir(), reason="the photographs are not here")
def test_real_photographs_are_decoded_as_pillow_does() -> None:
    for path in sorted(_PHOTOS.iterdir())[::7]:
        item = item_of(path)
        with Image.open(path) as image:
            np.testing.assert_array_equal(
                np.asarray(item.original), np.asarray(image.convert("RGB"))
            )
