"""Any of Pillow's modes as 8-bit RGB."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from camcli.images.deep_colors import lower_bytes, upper_byte_only
from camcli.images.depth import FULL, Depth, Window, to_8_bits

if TYPE_CHECKING:
    import numpy.typing as npt

Shown = tuple[Image.Image, str | None]
"""An RGB image, and what is to be known of how it came to be."""

_WHITE_IS_ZERO = 0  # a TIFF file's photometric interpretation
_PHOTOMETRIC, _BITS, _LEAST, _LARGEST = 262, 258, 340, 341


def to_rgb(image: Image.Image, reopened: Callable[[], Image.Image], window: Window | None) -> Shown:
    """Return an image as RGB, and a note where its values had to be interpreted.

    Transparency, of whatever kind, is composited over white. Values of more than eight bits become
    eight as `depth.to_8_bits` says. An embedded ICC profile is not applied, on purpose: networks
    are trained on images whose profiles were ignored.

    Args:
        image: Not loaded yet.
        reopened: Opens it anew.
        window: The values of more than eight bits that become black and white, None to find out.

    Raises:
        ValueError: Pillow has no conversion (CIELAB).

    """
    is_deep = upper_byte_only(image)
    image.load()
    if image.mode.startswith("I") or image.mode == "F":
        return _grey(image, window)
    note = None
    if is_deep and (window is not None or _brightest(image) < FULL >> 8):
        image, note = _deep(image, lower_bytes(reopened), window)
    return _over_white(image), note


def _over_white(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _grey(image: Image.Image, window: Window | None) -> Shown:
    tags: dict[int, Any] = dict(getattr(image, "tag_v2", {}))
    bits = int(tags.get(_BITS, (16 if _holds_sixteen_bits(image) else 32,))[0])
    kind = "floating-point" if image.mode == "F" else f"{bits}-bit"
    depth = Depth(kind, window, _stated(tags, bits), _holds_sixteen_bits(image))
    grey, note = to_8_bits(np.asarray(image), depth)
    if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        grey = 255 - grey
        note = "; ".join(filter(None, (note, "0 is white, as the file states")))
    return Image.fromarray(grey).convert("RGB"), note


def _holds_sixteen_bits(image: Image.Image) -> bool:
    """Return whether values have 16 bits; Pillow scales those of a PPM file to as many."""
    return image.mode.startswith("I;16") or image.format in ("PNG", "PPM")


def _stated(tags: dict[int, Any], bits: int) -> Window | None:
    """Return the range of values that a TIFF file states, by tags or by an odd number of bits."""
    if _LARGEST in tags:
        low, high = (np.ravel(tags.get(tag, 0))[0] for tag in (_LEAST, _LARGEST))
        return (float(low), float(high)) if low < high else None
    return (0.0, float(2**bits - 1)) if bits not in (16, 32) else None


def _brightest(image: Image.Image) -> int:
    return int(np.asarray(image)[..., :3].max())


def _deep(image: Image.Image, lower: npt.NDArray[np.uint8], window: Window | None) -> Shown:
    upper = np.asarray(image)
    colours = upper[..., :3].astype(np.uint16) << 8 | lower[..., :3]
    shown, note = to_8_bits(colours, Depth("16-bit", window))
    return Image.fromarray(np.concatenate([shown, upper[..., 3:]], axis=2)), note
