"""The bar that says which number a colour of a heatmap stands for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image, ImageDraw

from camcli.output.lettering import Font, rounded
from camcli.output.levels import Levels

if TYPE_CHECKING:
    from camcli.config import OutputConfig
    from camcli.records import SaliencyMap

Colour: TypeAlias = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

_LOWEST, _HIGHEST = 0.0, 1.0


def ends(saliency_map: SaliencyMap) -> tuple[float, float]:
    """Return the raw values that have the first and the last colour, 0 and 1 where not known."""
    meaning = saliency_map.meaning
    if meaning.scale is not None:
        return -meaning.scale if meaning.sign == "signed" else _LOWEST, meaning.scale
    if saliency_map.range is None or not all(map(math.isfinite, saliency_map.range)):
        return _LOWEST, _HIGHEST
    return saliency_map.range


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
    low, high = map(rounded, ends(saliency_map))
    gap = height // 2
    left = math.ceil(font.getlength(low)) + gap
    right = width - math.ceil(font.getlength(high)) - gap
    drawn = Image.new("RGB", size, ground)
    drawing = ImageDraw.Draw(drawn)
    drawing.text((0, height // 2), low, ink, font, anchor="lm")
    drawing.text((width, height // 2), high, ink, font, anchor="rm")
    levels = _rising((right - left, height), saliency_map.meaning.sign == "signed")
    drawn.paste(levels.coloured(look.colormap), (left, 0))
    if look.style == "contour":
        for level in levels.contours:
            place = left + round(level / 255 * (right - left))
            drawing.line((place, 0, place, height), ink, max(1, height // 8))
    return drawn


def _rising(size: tuple[int, int], signed: bool) -> Levels:
    """Return all levels from the first to the last, from left to right."""
    width, height = size
    levels = np.linspace(0, 255, max(width, 1)).round().astype(np.uint8)
    return Levels(Image.fromarray(np.tile(levels, (height, 1))), signed)
