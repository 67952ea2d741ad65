"""Small pictures side by side, each with two lines of text below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from camcli.output.lettering import Font, Lettering, shortened

_GAP = 14
_CAPTION = 50
_TEXT_SIZE = 16
_BAR = 4
_BACKGROUND = (20, 22, 27)
_TROUGH = (44, 48, 57)
_ACCENT = (255, 176, 59)
_BRIGHT = (236, 238, 242)
_DIM = (128, 134, 146)
# Of a tile's side: narrower pictures have as much room for their text.
_NARROWEST = 3 / 4
_FEWEST_COLUMNS, _MOST_COLUMNS = 2, 6


@dataclass(frozen=True)
class Tile:
    """One field of a sheet.

    Attributes:
        image: RGB, drawn as it is.
        title: The first line below it.
        detail: The second, in a fainter colour.
        bar: How long the bar between is, a share in [0, 1]; None for no bar.
        dim: Whether the title is as faint as the detail.

    """

    image: Image.Image
    title: str
    detail: str
    bar: float | None = None
    dim: bool = False


def laid_out(
    blocks: Sequence[Sequence[Tile]], side: int, columns: int, lettering: Lettering
) -> Image.Image:
    """Return a sheet of tiles.

    Args:
        blocks: Tiles that belong together; each block begins a line.
        side: The longest side of their images, in pixels.
        columns: How many stand in a line at most.
        lettering: The font of the text; what is too long for its tile is shortened.

    Returns:
        An RGB image.

    """
    lines = [
        block[start : start + columns]
        for block in blocks
        for start in range(0, len(block), columns)
    ]
    tiles = [tile for line in lines for tile in line]
    across = max(tile.image.width for tile in tiles)
    down = max(tile.image.height for tile in tiles)
    cell = (max(across, round(side * _NARROWEST)) + _GAP, down + _CAPTION + _GAP)
    widest = max(map(len, lines))
    sheet = Image.new("RGB", (widest * cell[0] + _GAP, len(lines) * cell[1] + _GAP), _BACKGROUND)
    for row, line in enumerate(lines):
        for column, tile in enumerate(line):
            corner = _GAP + column * cell[0], _GAP + row * cell[1]
            _draw(sheet, tile, corner, (cell[0] - _GAP, down), lettering.at(_TEXT_SIZE))
    return sheet


def balanced_columns(tiles: int) -> int:
    """Return the columns that fill a sheet best, about as wide as twice its height."""
    choices = range(min(_FEWEST_COLUMNS, tiles), min(_MOST_COLUMNS, tiles) + 1)
    return min(choices, key=lambda n: (-tiles % n, abs(n * n - 2 * tiles)))


def _draw(
    sheet: Image.Image, tile: Tile, corner: tuple[int, int], size: tuple[int, int], font: Font
) -> None:
    (left, top), (width, height) = corner, size
    image = tile.image
    sheet.paste(image, (left + (width - image.width) // 2, top + (height - image.height) // 2))
    draw = ImageDraw.Draw(sheet)
    below = top + height + _BAR
    if tile.bar is not None:
        draw.rectangle((left, below, left + width - 1, below + _BAR - 1), _TROUGH)
        if filled := round(width * abs(tile.bar)):
            draw.rectangle((left, below, left + filled - 1, below + _BAR - 1), _ACCENT)
    below += _BAR + 4
    title = shortened(tile.title, width, font)
    draw.text((left, below), title, _DIM if tile.dim else _BRIGHT, font)
    draw.text((left, below + _TEXT_SIZE + 3), shortened(tile.detail, width, font), _DIM, font)
