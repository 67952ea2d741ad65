"""The ways to show a map over the part of an image that the network saw.

A new style is one function, a row of `STYLES`, and its name in `output.style`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from PIL import Image, ImageChops, ImageFilter

from camcli.output.colormaps import lookup_table
from camcli.output.levels import Levels

Style: TypeAlias = Callable[[Image.Image, Levels, str, float], Image.Image]
"""(image, levels, colour map, opacity) to an image: RGB, levels of its size, opacity in [0, 1]."""

_LINE_SHARE = 1 / 120


def blend(image: Image.Image, levels: Levels, colormap: str, alpha: float) -> Image.Image:
    """Lay the coloured map over the image: (1 - alpha) image + alpha colour."""
    return Image.blend(image, levels.coloured(colormap), alpha)


def mask(image: Image.Image, levels: Levels, colormap: str, alpha: float) -> Image.Image:  # noqa: ARG001
    """Darken the image where the map is close to zero: image (1 - alpha (1 - |map|))."""
    kept = [round(255 * (1 - alpha * (1 - size / 255))) for size in range(256)]
    shown = levels.magnitudes.point(kept)
    return ImageChops.multiply(image, Image.merge("RGB", (shown, shown, shown)))


def heat(image: Image.Image, levels: Levels, colormap: str, alpha: float) -> Image.Image:  # noqa: ARG001
    """Show the coloured map alone."""
    return levels.coloured(colormap)


def contour(image: Image.Image, levels: Levels, colormap: str, alpha: float) -> Image.Image:  # noqa: ARG001
    """Draw the lines where the map is at a quarter, a half and three quarters, in its colours."""
    drawn = image.copy()
    width = max(1, round(min(image.size) * _LINE_SHARE))
    for level in levels.contours:
        inside = levels.beyond(level)
        line = ImageChops.subtract(inside, inside.filter(ImageFilter.MinFilter(2 * width + 1)))
        colour = tuple(int(part) for part in lookup_table(colormap)[level])
        drawn.paste(colour, mask=line)
    return drawn


STYLES: dict[str, Style] = {"blend": blend, "mask": mask, "heat": heat, "contour": contour}
"""By the name that `output.style` takes."""
