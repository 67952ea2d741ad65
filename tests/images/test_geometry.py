from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from camcli.images import geometry as subject
from camcli.images.geometry import geometry, to_input
from camcli.records import Preprocess

_SIZES = [
    *((500, 375), (375, 500), (224, 224), (256, 256), (257, 255), (1000, 256), (256, 999)),
    *((1, 1), (2, 3), (13, 700), (700, 13), (223, 225), (640, 427)),
]


def _preprocess(
    resize: int | tuple[int, int] | None = 256,
    crop: tuple[int, int] = (224, 224),
    interpolation: str = "bilinear",
) -> Preprocess:
    return Preprocess(resize, crop, (0.0,) * 3, (1.0,) * 3, interpolation)


def _noise(width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(width * 10007 + height)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8))


def _torchvision(image: Image.Image, preprocess: Preprocess) -> np.ndarray:
    functional = pytest.importorskip("torchvision.transforms.functional")
    mode = functional.InterpolationMode(preprocess.interpolation)
    if preprocess.resize is not None:
        sides = preprocess.resize
        sides = [sides] if isinstance(sides, int) else list(sides)
        image = functional.resize(image, sides, interpolation=mode)
    return np.asarray(functional.center_crop(image, list(preprocess.crop)))


@pytest.mark.parametrize("size", _SIZES, ids=str)
@pytest.mark.parametrize(
    "preprocess",
    [
        _preprocess(),
        _preprocess(232, (224, 224), "bicubic"),
        _preprocess(100, (77, 131)),
        _preprocess(65, (64, 65), "nearest"),
        _preprocess((50, 90), (48, 48)),
        _preprocess((32, 32), (33, 40)),
        _preprocess(None, (101, 64), "lanczos"),
    ],
    ids=lambda p: f"{p.resize}-{p.crop}-{p.interpolation}",
)
def test_the_input_is_torchvisions_bit_for_bit(
    size: tuple[int, int], preprocess: Preprocess
) -> None:
    image = _noise(*size)
    if preprocess.interpolation == "lanczos" and preprocess.resize is None:
        expected = _torchvision(image, _preprocess(None, preprocess.crop))
    else:
        expected = _torchvision(image, preprocess)
    pixels = to_input(image, preprocess)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (*preprocess.crop, 3)
    np.testing.assert_array_equal(pixels, expected)


def test_the_input_is_that_of_torchvisions_preset() -> None:
    presets = pytest.importorskip("torchvision.transforms._presets")
    preset = presets.ImageClassification(crop_size=224, mean=(0, 0, 0), std=(1, 1, 1))
    image = _noise(431, 307)
    expected = (preset(image) * 255).round().byte().permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(to_input(image, _preprocess()), expected)


@pytest.mark.parametrize("size", [(500, 375), (33, 80), (20, 20), (3, 400)], ids=str)
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "nearest"])
@pytest.mark.parametrize("crop", [(224, 224), (300, 100), (100, 300)], ids=str)
def test_resizing_only_the_crop_agrees_with_resizing_the_image(
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
    interpolation: str,
    crop: tuple[int, int],
) -> None:
    # Moderate contrast: Pillow resizes first along the axis that is cheaper, and where bicubic
    # overshoot saturates in between, the order matters.
    image = _noise(*size).point(lambda level: 85 + level // 3)
    preprocess = _preprocess(256, crop, interpolation)
    expected = to_input(image, preprocess).astype(int)
    monkeypatch.setattr(subject, "_MAX_RESIZED_PIXELS", 0)
    difference = np.abs(to_input(image, preprocess) - expected)
    if interpolation == "nearest":  # a rounded coordinate may pick the neighbour
        assert (difference > 0).mean() < 0.03
    else:
        assert difference.max() <= 1


@pytest.mark.parametrize("size", [(1, 20_000), (20_000, 1)], ids=str)
def test_an_extreme_image_takes_little_memory_and_shows_its_middle(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    resize = Image.Image.resize

    def small_resize(image: Image.Image, to: tuple[int, int], *rest: object) -> Image.Image:
        assert to[0] * to[1] <= 2**24
        return resize(image, to, *rest)

    monkeypatch.setattr(Image.Image, "resize", small_resize)
    ramp = (np.arange(20_000) % 251).astype(np.uint8)
    image = Image.fromarray(ramp.reshape(size[1], size[0])).convert("RGB")
    pixels = to_input(image, _preprocess())
    along = pixels[:, 112, 0] if size[0] == 1 else pixels[112, :, 0]
    places = (np.arange(224) - 112 + 0.5) / 256 + 10_000  # in pixels of the image
    expected = np.interp(places, np.arange(20_000) + 0.5, ramp)
    np.testing.assert_allclose(along, expected, atol=1)


def test_the_crop_box_agrees_with_hand_calculations() -> None:
    wide = geometry(_preprocess(), 500, 375)  # resized to 341 x 256; left is round(58.5) = 58
    assert (wide.width, wide.height) == (500, 375)
    scale = 500 / 341
    assert wide.crop_box == pytest.approx((58 * scale, 23.4375, 282 * scale, 351.5625))
    assert geometry(_preprocess((10, 20), (10, 20)), 300, 70).crop_box == (0, 0, 300, 70)
    padded = geometry(_preprocess(None, (5, 4)), 2, 10)
    assert padded.crop_box == (-1, 2, 3, 7)


@pytest.mark.parametrize("size", [(640, 427), (90, 300), (60, 60)], ids=str)
@pytest.mark.parametrize("resize", [256, (200, 300), None], ids=str)
def test_the_crop_box_is_where_the_pixels_come_from(
    size: tuple[int, int], resize: int | tuple[int, int] | None
) -> None:
    """In an image of coordinate ramps, each input pixel encodes its position in the image."""
    width, height = size
    across = np.tile((np.arange(width) + 0.5) / width * 200 + 20, (height, 1))
    down = np.tile((np.arange(height)[:, None] + 0.5) / height * 200 + 20, (1, width))
    ramps = np.stack([across, down, np.zeros_like(down)], axis=2).round().astype(np.uint8)
    preprocess = _preprocess(resize)
    pixels = to_input(Image.fromarray(ramps), preprocess).astype(float)
    left, top, right, bottom = geometry(preprocess, width, height).crop_box
    rows, columns = np.mgrid[:224, :224] + 0.5
    x = left + columns / 224 * (right - left)
    y = top + rows / 224 * (bottom - top)
    inside = (x > 3) & (x < width - 3) & (y > 3) & (y < height - 3)
    assert inside.mean() > 0.05
    expected_x, expected_y = x / width * 200 + 20, y / height * 200 + 20
    np.testing.assert_allclose(pixels[inside, 0], expected_x[inside], atol=1.6)
    np.testing.assert_allclose(pixels[inside, 1], expected_y[inside], atol=1.6)
    outside = (x < 0) | (x > width) | (y < 0) | (y > height)
    assert not pixels[outside].any()
