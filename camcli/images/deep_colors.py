"""Colours of 16 bits a channel, of which Pillow keeps the upper byte, in full."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

_NATIVE = "B" if sys.byteorder == "big" else "L"
_SWAPPED = {"B": "L", "L": "B"}
_GREY, _FOUR = "LA;16B", "RGBA"
_COLOURS = ("RGB", "RGBA", "RGBX", "RGBa")


def upper_byte_only(image: Image.Image) -> bool:
    """Return whether Pillow will drop the lower byte of an image that is not loaded yet."""
    return _raw_mode(image) is not None


def lower_bytes(reopened: Callable[[], Image.Image]) -> npt.NDArray[np.uint8]:
    """Return the lower bytes of an image, (H, W, 3) or with alpha (H, W, 4).

    Read as if its bytes lay in the other order, an image shows the lower in place of the upper.
    Greys with alpha, which are read in one order only, are read as four channels of eight bits.

    Args:
        reopened: Opens the image anew, without loading it.

    """
    with reopened() as image:
        old = _raw_mode(image)
        assert old is not None
        new = _FOUR if old == _GREY else old[:-1] + _SWAPPED[old[-1].replace("N", _NATIVE)]
        image.tile = [tile._replace(args=_replaced(tile.args, old, new)) for tile in image.tile]
        channels = np.asarray(image)
    return channels[..., [1, 1, 1, 3]] if old == _GREY else channels


def _raw_mode(image: Image.Image) -> str | None:
    """Return Pillow's word for how colours of 16 bits lie in the file, None for all others."""
    for tile in getattr(image, "tile", ()):
        arguments = (tile.args,) if isinstance(tile.args, str) else tile.args or ()
        for word in arguments:
            if word == _GREY and image.mode == _FOUR:
                return _GREY
            base, _, rest = word.partition(";16") if isinstance(word, str) else ("", "", "")
            if base in _COLOURS and rest in ("B", "L", "N"):
                return str(word)
    return None


def _replaced(arguments: object, old: str, new: str) -> object:
    if isinstance(arguments, tuple):
        return tuple(new if each == old else each for each in arguments)
    return new
