"""Any of Pillow's modes as 8-bit RGB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    import numpy.typing as npt


def to_rgb(image: Image.Image) -> Image.Image:
    """Return the image as RGB.

    - Transparency, of whatever kind, is composited over white.
    - 16-bit greys lose their lower byte, as do 32-bit integers that all fit into 16 bits.
    - Floats are taken to be in [0, 1] or, if that range does not hold them all, in [0, 255].
    - Other ranges are stretched from their own minimum to their own maximum.

    An embedded ICC profile is not applied, on purpose: networks are trained on images whose
    profiles were ignored.

    Raises:
        ValueError: Pillow has no conversion (CIELAB).

    """
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_to_8_bits(np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _to_8_bits(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    is_float = values.dtype.kind == "f"
    if is_float:
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    scaled: npt.NDArray[Any]
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > (255 if is_float else 65535):
        scaled = (values.astype(np.float64) - low) / ((high - low) or 1) * 255
    elif is_float:
        scaled = np.rint(values * (255 if high <= 1 else 1))
    else:
        scaled = values >> 8
    grey: npt.NDArray[np.uint8] = scaled.astype(np.uint8)
    return grey
