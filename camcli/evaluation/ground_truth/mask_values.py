"""What the pixels of a mask image say: object or not, or codes that something has to explain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from camcli.evaluation.ground_truth.content import UnusableTruthError
from camcli.evaluation.ground_truth.shapes import Size
from camcli.system.wording import counted_as

Values = npt.NDArray[np.int64]

VOID = 255
"""In a mask of classes, what belongs to none of them: VOC's borders and difficult objects."""

_VOID_COLOR = (224, 224, 192)
_WHITE = (1, 255, 65535)
_INTEGERS = ("1", "L", "P", "I", "I;16", "I;16B", "I;16L")


@dataclass(frozen=True)
class MaskValues:
    """The pixels of a mask image.

    Attributes:
        values: (height, width), 0 off the objects.
        code: Why the values seem to be codes of classes or instances, None where they seem to be
            no more than on and off.
        colored: Whether they were colours, which stand for no number.

    """

    values: Values
    code: str | None
    colored: bool = False

    @property
    def size(self) -> Size:
        """(width, height)."""
        height, width = self.values.shape
        return width, height

    @property
    def present(self) -> list[int]:
        """The values on objects, in order."""
        found: list[int] = np.unique(self.values).tolist()
        return [value for value in found if value]


def mask_values(path: Path) -> MaskValues:
    """Read a mask image: grey, by palette, in 16 bits, in colours, or in its transparency.

    Raises:
        UnusableTruthError: It cannot be read, or says two things at once.

    """
    try:
        with Image.open(path) as image:
            image.load()
    except Exception as error:  # a decoder fed with arbitrary bytes raises anything at all
        raise UnusableTruthError(f"cannot read the mask {path}: {error}") from None
    if image.mode == "P":
        return _by_palette(image)
    if image.mode in _INTEGERS:
        return _of_numbers(_array(image))
    if image.mode in ("LA", "RGBA", "PA"):
        return _with_transparency(image.convert("RGBA"), path)
    if image.mode == "RGB":
        return _of_colors(_array(image))
    raise UnusableTruthError(
        f"the mask {path} has pixels of mode {image.mode}: store it in grey or by palette"
    )


def _array(image: Image.Image) -> Values:
    return np.asarray(image).astype(np.int64)


def _of_numbers(values: Values) -> MaskValues:
    return MaskValues(values, _code_of(values))


def _code_of(values: Values) -> str | None:
    found = [value for value in np.unique(values).tolist() if value]
    if not found or (len(found) == 1 and found[0] in _WHITE):
        return None
    shown = ", ".join(map(str, found[:4])) + (", ..." if len(found) > 4 else "")
    return f"its pixels have the value{'s' * (len(found) > 1)} {shown} beside 0"


def _by_palette(image: Image.Image) -> MaskValues:
    """Read indices; 255 in VOC's colour is void."""
    values, colors = _array(image), _palette(image)
    if colors.get(VOID) == _VOID_COLOR:
        values = np.where(values == VOID, 0, values)
    found = [value for value in np.unique(values).tolist() if value]
    if len(found) == 1 and len(set(colors.get(found[0], (0,)))) == 1:
        return MaskValues(values, None)  # black and white, or the like
    code = _code_of(values)
    if found and code is None:
        code = f"its pixels have the value {found[0]} in a colour"
    return MaskValues(values, code)


def _palette(image: Image.Image) -> dict[int, tuple[int, ...]]:
    flat = image.getpalette("RGB") or []
    return {i: tuple(flat[3 * i : 3 * i + 3]) for i in range(len(flat) // 3)}


def _of_colors(pixels: Values) -> MaskValues:
    if bool((pixels == pixels[..., :1]).all()):
        grey: Any = pixels[..., 0]
        return _of_numbers(grey)
    colors = np.unique(pixels.reshape(-1, 3), axis=0)
    code = f"its pixels have {counted_as(len(colors), 'colour')}"
    return MaskValues(np.asarray(pixels.any(2), np.int64), code, colored=True)


def _with_transparency(image: Image.Image, path: Path) -> MaskValues:
    """Read colours where nothing is transparent, and transparency where there is but one colour."""
    pixels: Any = _array(image)
    colors, alpha = pixels[..., :3], pixels[..., 3]
    if bool((alpha == alpha.max()).all()):
        return _of_colors(colors)
    if bool((colors == colors[0, 0]).all()) or bool((colors.any(2) == (alpha > 0)).all()):
        return MaskValues((alpha > 0).astype(np.int64), None)
    raise UnusableTruthError(
        f"the mask {path} has both colours and transparency, and they do not mark the same pixels: "
        "store the one that is meant, in grey"
    )
