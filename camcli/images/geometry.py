"""Where the network's input lies in an image: resize, centre crop, and the way back.

All of it agrees with torchvision's `ImageClassification` preset on PIL images, bit for bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from camcli.records import Geometry

if TYPE_CHECKING:
    import numpy.typing as npt

    from camcli.records import Preprocess

_Size = tuple[int, int]
_Window = tuple[int, int, int, int]

_RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_MAX_RESIZED_PIXELS = 2**24


def resized_size(preprocess: Preprocess, width: int, height: int) -> _Size:
    """Return (width, height) in pixels after the resize, before the crop."""
    match preprocess.resize:
        case None:
            return width, height
        case (to_height, to_width):
            return to_width, to_height
        case short:
            if width <= height:
                return short, int(short * height / width)
            return int(short * width / height), short


def crop_window(preprocess: Preprocess, resized: _Size) -> _Window:
    """Return the centre crop's (left, top, right, bottom) in the resized image's pixels.

    It extends beyond a resized image that is smaller than the crop; that part is black padding.
    """
    crop_height, crop_width = preprocess.crop
    left = _crop_start(resized[0], crop_width, preprocess.odd_margin)
    top = _crop_start(resized[1], crop_height, preprocess.odd_margin)
    return left, top, left + crop_width, top + crop_height


def _crop_start(size: int, crop: int, odd_margin: str) -> int:
    if crop > size:  # padding, of which torchvision and transformers both put less in front
        return -((crop - size) // 2)
    return (size - crop) // 2 if odd_margin == "down" else round((size - crop) / 2)


def geometry(preprocess: Preprocess, width: int, height: int) -> Geometry:
    """Return where the network's input lies in an upright image of `width` x `height` pixels."""
    resized = resized_size(preprocess, width, height)
    left, top, right, bottom = crop_window(preprocess, resized)
    across, down = width / resized[0], height / resized[1]
    return Geometry(width, height, (left * across, top * down, right * across, bottom * down))


def to_input(
    image: Image.Image, preprocess: Preprocess, size: _Size | None = None
) -> npt.NDArray[np.uint8]:
    """Resize and crop an upright RGB image into the network's input, uint8 (H, W, 3).

    Identical to torchvision's transform up to a resized image of 16.8 million pixels, and within
    rounding of it beyond.

    Args:
        image: The image, or all of it at a smaller scale.
        preprocess: How the network expects its input.
        size: (width, height) of the image before it was scaled down, if it was.

    """
    resized = resized_size(preprocess, *(size or image.size))
    window = crop_window(preprocess, resized)
    resampling = _RESAMPLING[preprocess.interpolation]
    if resized[0] * resized[1] > _MAX_RESIZED_PIXELS:
        cropped = _resize_inside(image, resized, window, resampling)
    else:
        cropped = image.resize(resized, resampling).crop(window)
    return np.array(cropped)


def _resize_inside(
    image: Image.Image, resized: _Size, window: _Window, resampling: Image.Resampling
) -> Image.Image:
    """Compute only the part of the resized image that the crop keeps.

    Resizing an image of 1 x 20,000 pixels to a shorter side of 256 would fill 4 GB before the
    crop. Pillow keeps the box in single precision and chooses by the sizes which axis comes first,
    so pixels may differ in the last bit (or more, where bicubic overshoot saturates); images are
    therefore resized whole wherever that fits into memory.
    """
    left, top, right, bottom = window
    kept = (max(left, 0), max(top, 0), min(right, resized[0]), min(bottom, resized[1]))
    across, down = image.width / resized[0], image.height / resized[1]
    box = (
        kept[0] * across,
        kept[1] * down,
        min(kept[2] * across, image.width),
        min(kept[3] * down, image.height),
    )
    part = image.resize((kept[2] - kept[0], kept[3] - kept[1]), resampling, box)
    return part.crop((left - kept[0], top - kept[1], right - kept[0], bottom - kept[1]))
