"""Small images to decode, and what decoding them gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from camcli.images.decode import decode
from camcli.records import FailedImage, ImageItem, ImageRef, Preprocess

PREPROCESS = Preprocess(16, (16, 16), (0.0,) * 3, (1.0,) * 3)


def decode_file(path: Path) -> ImageItem | FailedImage:
    return decode(ImageRef(0, path, path.name), PREPROCESS)


def item_of(path: Path) -> ImageItem:
    item = decode_file(path)
    assert isinstance(item, ImageItem), item
    assert item.original is not None
    assert item.original.mode == "RGB"
    assert item.original.info == {}
    assert item.pixels.shape == (16, 16, 3)
    return item


def pixels_of(path: Path) -> np.ndarray:
    return np.asarray(item_of(path).original).astype(int)


def failure_of(path: Path) -> FailedImage:
    failure = decode_file(path)
    assert isinstance(failure, FailedImage), failure
    assert "0x" not in failure.message
    return failure


def quadrants(width: int = 48, height: int = 32) -> Image.Image:
    """An image whose four corners differ, so that every orientation shows."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = 230, 30, 30
    pixels[: height // 2, width // 2 :] = 30, 210, 30
    pixels[height // 2 :, : width // 2] = 40, 40, 220
    pixels[height // 2 :, width // 2 :] = 220, 220, 60
    return Image.fromarray(pixels)


def noise(mode: str = "RGB") -> Image.Image:
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).convert(mode)
