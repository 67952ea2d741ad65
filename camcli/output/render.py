"""Draw a heatmap over the original image, in the image's own coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from camcli.output.levels import Levels
from camcli.output.styles import STYLES
from camcli.records import Geometry

if TYPE_CHECKING:
    import numpy.typing as npt

    from camcli.records import Box

Region = tuple[int, int, int, int]

_UNSEEN_BRIGHTNESS = 0.5
_LINE_COLOUR = (255, 255, 255)
_LINE_SHARE = 1 / 200


def overlay(
    image: Image.Image,
    geometry: Geometry,
    values: npt.NDArray[np.float32],
    colormap: str,
    alpha: float,
    style: str = "blend",
    signed: bool = False,
) -> Image.Image:
    """Draw a saliency map over an upright image.

    What the network never saw is grey and dark, beyond a thin white line.

    Args:
        image: RGB, of the size that `geometry` names or scaled to another.
        geometry: Where the map belongs.
        values: float32 (h, w) in [0, 1], stretched bilinearly onto `geometry.crop_box`.
        colormap: The name of a colour map, see `camcli.output.colormaps`.
        alpha: Opacity of the heatmap in [0, 1].
        style: How it is drawn, see `camcli.output.styles`.
        signed: Whether the map is signed, in [-1, 1], and zero has the colour in the middle.

    Returns:
        A new RGB image of the same size.

    Raises:
        KeyError: There is no such colour map or style.

    """
    region, levels = placed_levels(image.size, geometry, values, signed)
    seen = STYLES[style](image.crop(region), levels, colormap, alpha)
    if seen.size == image.size:
        return seen
    canvas = _unseen(image)
    _frame(canvas, region)
    canvas.paste(seen, region)
    return canvas


def placed_levels(
    size: tuple[int, int],
    geometry: Geometry,
    values: npt.NDArray[np.float32],
    signed: bool = False,
) -> tuple[Region, Levels]:
    """Return which part of an upright image the network saw, and the map of that part.

    Args:
        size: (width, height) in pixels of the image, or of a copy at another scale.
        geometry: Where the map belongs.
        values: float32 (h, w) in [0, 1], stretched bilinearly onto `geometry.crop_box`.
        signed: Whether the map is signed, in [-1, 1].

    Returns:
        (left, top, right, bottom) in pixels of `size`, and levels of that part's size.

    """
    geometry = _at_size(geometry, *size)
    region = _seen_region(geometry)
    levels = Levels.of(values, signed)
    return region, Levels(_stretched(levels.image, geometry.crop_box, region), signed)


def over_original(values: npt.NDArray[np.float32], geometry: Geometry) -> npt.NDArray[np.float32]:
    """Return a map at the image's own size, 0 where the network saw nothing.

    Args:
        values: float32 (h, w), stretched bilinearly onto `geometry.crop_box`.
        geometry: Where the map belongs.

    Returns:
        float32 (geometry.height, geometry.width).

    """
    left, top, right, bottom = region = _seen_region(geometry)
    whole = np.zeros((geometry.height, geometry.width), np.float32)
    seen = _stretched(Image.fromarray(values), geometry.crop_box, region)
    whole[top:bottom, left:right] = np.asarray(seen)
    return whole


def _at_size(geometry: Geometry, width: int, height: int) -> Geometry:
    """Return the same geometry in an image that was scaled to another size."""
    if (width, height) == (geometry.width, geometry.height):
        return geometry
    left, top, right, bottom = geometry.crop_box
    across, down = width / geometry.width, height / geometry.height
    return Geometry(width, height, (left * across, top * down, right * across, bottom * down))


def _seen_region(geometry: Geometry) -> Region:
    """Return the pixels whose centres the network saw, at least one in each direction."""
    left, top, right, bottom = geometry.crop_box
    first_column, last_column = _pixels(left, right, geometry.width)
    first_row, last_row = _pixels(top, bottom, geometry.height)
    return first_column, first_row, last_column, last_row


def _pixels(start: float, end: float, length: int) -> tuple[int, int]:
    first = min(max(round(start), 0), length - 1)
    return first, min(max(round(end), first + 1), length)


def _stretched(values: Image.Image, box: Box, region: Region) -> Image.Image:
    """Resample the part of the map that lies over `region` to its size."""
    width, height = values.size
    left, top, right, bottom = box
    across, down = width / (right - left), height / (bottom - top)
    # The region is the box in whole pixels, so that its edge may lie half a pixel outside.
    part = (
        max((region[0] - left) * across, 0.0),
        max((region[1] - top) * down, 0.0),
        min((region[2] - left) * across, width),
        min((region[3] - top) * down, height),
    )
    size = (region[2] - region[0], region[3] - region[1])
    return values.resize(size, Image.Resampling.BILINEAR, part)


def _unseen(image: Image.Image) -> Image.Image:
    darker = [round(level * _UNSEEN_BRIGHTNESS) for level in range(256)]
    return image.convert("L").point(darker).convert("RGB")


def _frame(canvas: Image.Image, region: Region) -> None:
    """Draw a line around the region."""
    width = max(1, round(min(canvas.size) * _LINE_SHARE))
    left, top, right, bottom = region
    outline = (left - width, top - width, right + width - 1, bottom + width - 1)
    ImageDraw.Draw(canvas).rectangle(outline, outline=_LINE_COLOUR, width=width)
