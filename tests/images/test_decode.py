from __future__ import annotations

import hashlib
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from camcli.images import decode as subject
from camcli.images.decode import decode
from camcli.images.geometry import geometry, to_input
from camcli.records import FailedImage, ImageItem, ImageRef, Preprocess, Reading

_PREPROCESS = Preprocess(16, (16, 16), (0.0,) * 3, (1.0,) * 3)
_PHOTOS = Path(__file__).parents[2].parent / "shared" / "data" / "photos"


def _decode(path: Path) -> ImageItem | FailedImage:
    return decode(ImageRef(0, path, path.name), _PREPROCESS)


def _item(path: Path) -> ImageItem:
    item = _decode(path)
    assert isinstance(item, ImageItem), item
    assert item.original is not None
    assert item.original.mode == "RGB"
    assert item.original.info == {}
    assert item.pixels.shape == (16, 16, 3)
    return item


def _pixels(path: Path) -> np.ndarray:
    return np.asarray(_item(path).original).astype(int)


def _failure(path: Path) -> FailedImage:
    failure = _decode(path)
    assert isinstance(failure, FailedImage), failure
    assert "0x" not in failure.message
    return failure


def _quadrants(width: int = 48, height: int = 32) -> Image.Image:
    """Return an image whose four quadrants differ, so that every orientation is visible."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = 230, 30, 30
    pixels[: height // 2, width // 2 :] = 30, 210, 30
    pixels[height // 2 :, : width // 2] = 40, 40, 220
    pixels[height // 2 :, width // 2 :] = 220, 220, 60
    return Image.fromarray(pixels)


def _noise(mode: str = "RGB") -> Image.Image:
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).convert(mode)


def test_an_item_holds_the_files_pixels_and_digest(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    _quadrants().save(path)
    item = _item(path)
    np.testing.assert_array_equal(np.asarray(item.original), np.asarray(_quadrants()))
    np.testing.assert_array_equal(item.pixels, to_input(_quadrants(), _PREPROCESS))
    assert item.geometry == geometry(_PREPROCESS, 48, 32)
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
    stored, method = _quadrants(), _TO_STORED[orientation]
    stored = stored if method is None else stored.transpose(method)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    options = {"lossless": True} if suffix == "webp" else {}
    if suffix == "jpg":
        options = {"quality": 100, "subsampling": 0}
    stored.save(path, exif=exif, **options)
    difference = np.abs(_pixels(path) - np.asarray(_quadrants()).astype(int))
    assert difference.max() <= (3 if suffix == "jpg" else 0)
    assert _item(path).geometry.width == 48


@pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")
@pytest.mark.parametrize(
    "exif",
    [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"x"],
)
def test_a_broken_exif_block_is_ignored(tmp_path: Path, exif: bytes) -> None:
    _quadrants().save(tmp_path / "a.jpg", exif=exif, quality=100, subsampling=0)
    assert np.abs(_pixels(tmp_path / "a.jpg") - np.asarray(_quadrants())).max() <= 3


def test_any_error_from_reading_exif_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(image: Image.Image) -> Image.Exif:
        raise SyntaxError("not a TIFF file")

    _quadrants().save(tmp_path / "a.png")
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.getexif", broken)
    np.testing.assert_array_equal(_pixels(tmp_path / "a.png"), np.asarray(_quadrants()))


def test_an_unknown_orientation_is_ignored(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 99
    _quadrants().save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(_pixels(tmp_path / "a.png"), np.asarray(_quadrants()))


@pytest.mark.parametrize("mode", ["L", "1", "P"])
@pytest.mark.parametrize("suffix", ["png", "gif", "tif"])
def test_greys_and_palettes_become_rgb(tmp_path: Path, mode: str, suffix: str) -> None:
    image = _quadrants().convert(mode)
    image.save(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(
        _pixels(tmp_path / f"a.{suffix}"), np.asarray(image.convert("RGB"))
    )


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_composited_over_white(tmp_path: Path, mode: str) -> None:
    image = Image.new(mode, (20, 20), (0,) * len(mode))
    opaque = Image.new(mode, (10, 20), (100,) * (len(mode) - 1) + (255,))
    half = Image.new(mode, (5, 20), (0,) * (len(mode) - 1) + (128,))
    image.paste(opaque, (0, 0))
    image.paste(half, (15, 0))
    image.save(tmp_path / "a.png")
    pixels = _pixels(tmp_path / "a.png")
    assert (pixels[:, :10] == 100).all()
    assert (pixels[:, 10:15] == 255).all()
    assert (pixels[:, 15:] == 127).all()


@pytest.mark.parametrize("suffix", ["png", "gif"])
def test_a_palettes_transparent_colour_is_white(tmp_path: Path, suffix: str) -> None:
    image = Image.new("P", (20, 20), 1)
    image.putpalette([10, 20, 30, 200, 0, 0])
    image.paste(0, (0, 0, 10, 20))
    image.save(tmp_path / f"a.{suffix}", transparency=0)
    pixels = _pixels(tmp_path / f"a.{suffix}")
    assert (pixels[:, :10] == 255).all()
    assert (pixels[:, 10:] == (200, 0, 0)).all()


def test_a_transparent_key_colour_is_white(tmp_path: Path) -> None:
    _quadrants().save(tmp_path / "a.png", transparency=(230, 30, 30))
    pixels = _pixels(tmp_path / "a.png")
    assert (pixels[:16, :24] == 255).all()
    assert (pixels[:16, 24:] == (30, 210, 30)).all()


def test_cmyk_is_not_inverted(tmp_path: Path) -> None:
    _quadrants().convert("CMYK").save(tmp_path / "a.jpg", quality=100, subsampling=0)
    assert b"Adobe" in (tmp_path / "a.jpg").read_bytes()
    assert np.abs(_pixels(tmp_path / "a.jpg") - np.asarray(_quadrants())).max() <= 6
    _quadrants().convert("CMYK").save(tmp_path / "a.tif")
    assert np.abs(_pixels(tmp_path / "a.tif") - np.asarray(_quadrants())).max() <= 1


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_sixteen_bits_lose_the_lower_byte(tmp_path: Path, suffix: str) -> None:
    values = np.linspace(0, 65535, 400).astype(np.uint16).reshape(20, 20)
    Image.fromarray(values).save(tmp_path / f"a.{suffix}")
    pixels = _pixels(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(pixels, np.repeat((values >> 8)[..., None], 3, 2))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 300, 65535]], np.int32), [0, 1, 255]),
        (np.array([[-100, 0, 100]], np.int32), [0, 127, 255]),
        (np.array([[0, 2**30, 2**31 - 1]], np.int32), [0, 127, 255]),
        (np.array([[7, 7]], np.int32), [0, 0]),
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
    assert _pixels(tmp_path / "a.tif")[0, :, 1].tolist() == expected


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_the_first_frame_of_an_animation_is_taken(tmp_path: Path, suffix: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if suffix == "webp" else {}
    frames[0].save(
        tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:], duration=100, **options
    )
    item = _item(tmp_path / f"a.{suffix}")
    assert item.note == "first frame of 3"
    assert item.original.getpixel((5, 5)) == (255, 0, 0)


@pytest.mark.skipif(not features.check("avif"), reason="Pillow was built without AVIF")
def test_avif_is_decoded(tmp_path: Path) -> None:
    _quadrants().save(tmp_path / "a.avif", quality=100)
    assert np.abs(_pixels(tmp_path / "a.avif") - np.asarray(_quadrants())).mean() < 4


def test_an_icc_profile_changes_nothing(tmp_path: Path) -> None:
    _quadrants().save(tmp_path / "a.png", icc_profile=b"whatever this may be")
    np.testing.assert_array_equal(_pixels(tmp_path / "a.png"), np.asarray(_quadrants()))


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (2, 3)], ids=str)
def test_tiny_images_fill_the_input(tmp_path: Path, size: tuple[int, int]) -> None:
    Image.new("RGB", size, (9, 8, 7)).save(tmp_path / "a.png")
    assert (_item(tmp_path / "a.png").pixels == (9, 8, 7)).all()


@pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")
@pytest.mark.parametrize("fraction", [0.001, 0.01, 0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "bmp", "webp", "tif"])
def test_a_truncated_file_fails(tmp_path: Path, suffix: str, fraction: float) -> None:
    buffer = io.BytesIO()
    _noise().save(buffer, {"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix), quality=90)
    data = buffer.getvalue()
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(data[: max(1, int(len(data) * fraction))])
    failure = _failure(path)
    assert failure.ref.path == path
    assert failure.message


@pytest.mark.parametrize(
    "data", [b"<!DOCTYPE html><html>", b"\xff\xd8\xff", b"\0" * 5000, b"%!PS-Adobe-3.0 EPSF-3.0\n"]
)
def test_a_file_that_is_not_an_image_fails(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(data)
    assert _failure(tmp_path / "a.jpg").message


def test_the_message_shows_that_a_file_is_html(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"<!DOCTYPE html>")
    failure = _failure(tmp_path / "a.jpg")
    assert failure.type == "ImageError"
    assert "<!DOCTYPE" in failure.message


def test_eps_is_never_interpreted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _quadrants().save(tmp_path / "a.eps")
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *_, **__: pytest.fail("ran"))
    assert "not an image" in _failure(tmp_path / "a.eps").message


def test_only_regular_files_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dir.jpg").mkdir()
    os.mkfifo(tmp_path / "fifo.jpg")
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / "itself.jpg").symlink_to(tmp_path / "itself.jpg")
    (tmp_path / "empty.jpg").touch()
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail(f"opened {self}"))
    assert "a folder" in _failure(tmp_path / "dir.jpg").message
    assert "a pipe" in _failure(tmp_path / "fifo.jpg").message
    assert "a pipe, socket or device" in _failure(Path("/dev/zero")).message
    assert "empty" in _failure(tmp_path / "empty.jpg").message
    assert _failure(tmp_path / "missing.jpg").type == "FileNotFoundError"
    assert _failure(tmp_path / "missing.jpg").message == "No such file or directory"
    assert _failure(tmp_path / "dangling.jpg").type == "FileNotFoundError"
    assert _failure(tmp_path / "itself.jpg").type == "OSError"
    assert _failure(tmp_path / "nul\0.jpg").type == "ValueError"


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
    assert "178956970" in _failure(tmp_path / "a.png").message
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    failure = _failure(tmp_path / "a.png")
    assert "60000 x 60000" in failure.message
    assert "178956970" in failure.message


def test_an_enormous_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _quadrants().save(tmp_path / "a.png")
    monkeypatch.setattr(subject, "MAX_BYTES", 100)
    assert "limit is 100" in _failure(tmp_path / "a.png").message


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "webp", "tif", "bmp"])
def test_damaged_files_never_raise(tmp_path: Path, suffix: str) -> None:
    buffer = io.BytesIO()
    _noise().save(buffer, {"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix))
    rng = np.random.default_rng(1)
    for trial in range(40):
        data = bytearray(buffer.getvalue())
        for place in rng.integers(0, min(len(data), 600), 8):
            data[place] = rng.integers(256)
        path = tmp_path / f"{trial}.{suffix}"
        path.write_bytes(data)
        assert isinstance(_decode(path), ImageItem | FailedImage)


@pytest.mark.skipif(not _PHOTOS.is_dir(), reason="the photographs are not here")
def test_real_photographs_are_decoded_as_pillow_does() -> None:
    for path in sorted(_PHOTOS.iterdir())[::7]:
        item = _item(path)
        with Image.open(path) as image:
            np.testing.assert_array_equal(
                np.asarray(item.original), np.asarray(image.convert("RGB"))
            )


def _photograph(path: Path, size: tuple[int, int], orientation: int = 1) -> ImageRef:
    """Write a photograph-like JPEG file: smooth shapes with fine grain."""
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
        subject, "to_rgb", lambda image: decoded.append(image.size) or image.convert("RGB")
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
