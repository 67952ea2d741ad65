"""The bar that says which number a colour of a heatmap stands for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image, ImageDraw

from camcli.output.colormaps import lookup_table
from camcli.output.lettering import Font, rounded
from camcli.output.styles import CONTOURS

if TYPE_CHECKING:
    from camcli.config import OutputConfig
    from camcli.records import SaliencyMap

Colour: TypeAlias = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

_LOWEST, _HIGHEST = 0.0, 1.0


def ends(saliency_map: SaliencyMap, normalize: str) -> tuple[float, float]:
    """Return the raw values that became 0 and 1, or 0 and 1 where those are not known.

    Args:
        saliency_map: With the range of its raw map.
        normalize: `output.normalize`.

    """
    if saliency_map.range is None or not all(map(math.isfinite, saliency_map.range)):
        return _LOWEST, _HIGHEST
    low, high = saliency_map.range
    return {"minmax": (low, high), "max": (0.0, high)}.get(normalize, (_LOWEST, _HIGHEST))


def colour_bar(
    saliency_map: SaliencyMap,
    look: OutputConfig,
    size: tuple[int, int],
    font: Font,
    ink: Colour,
    ground: Colour,
) -> Image.Image:
    """Draw a map's colours from its lowest value to its highest, between the two numbers.

    Where lines are drawn in place of areas, ticks stand at their levels.

    Args:
        saliency_map: Whose numbers stand at the ends.
        look: The colour map, the style and the normalisation.
        size: (width, height) in pixels.
        font: That of the numbers.
        ink: Colour of the numbers.
        ground: What they stand on.

    Returns:
        An RGB image of that size.

    """
    width, height = size
    low, high = map(rounded, ends(saliency_map, look.normalize))
    gap = height // 2
    left = math.ceil(font.getlength(low)) + gap
    right = width - math.ceil(font.getlength(high)) - gap
    drawn = Image.new("RGB", size, ground)
    drawing = ImageDraw.Draw(drawn)
    drawing.text((0, height // 2), low, ink, font, anchor="lm")
    drawing.text((width, height // 2), high, ink, font, anchor="rm")
    drawn.paste(_gradient(look.colormap, right - left, height), (left, 0))
    if look.style == "contour":
        for level in CONTOURS:
            place = left + round(level / 255 * (right - left))
            drawing.line((place, 0, place, height), ink, max(1, height // 8))
    return drawn


def _gradient(colormap: str, width: int, height: int) -> Image.Image:
    levels = np.linspace(0, 255, max(width, 1)).round().astype(np.uint8)
    return Image.fromarray(lookup_table(colormap)[np.tile(levels, (height, 1))])
