"""A strip of pictures as `camcli explain` writes them, each below the options that make it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from camcli.cli import app

# Relative, because the page shows paths as they were given.
SAMPLES = Path(os.path.relpath(Path(__file__).parents[2] / "sample_images"))
GAP, TITLE = 12, 24
PAPER, INK = (255, 255, 255), (32, 36, 44)
_SQUARE, _LIGHT, _DARK = 12, (250, 250, 250), (216, 218, 222)
_SMALL = ("--set", "output.overlay_side=300", "-q", "--no-compile")


@dataclass(frozen=True)
class Tile:
    """One picture of one sample image.

    Attributes:
        title: The options that make it look as it does.
        image: The name of the sample image.
        options: All options of the run but for the input and output.
        beside: Names of the other images of the run.

    """

    title: str
    image: str
    options: Sequence[str] = ()
    beside: Sequence[str] = ()

    def draw(self, output: Path) -> Image.Image:
        """Explain the image into a folder, and return the picture of it, RGB."""
        inputs = [str(SAMPLES / name) for name in (self.image, *self.beside)]
        save = [] if "--save" in self.options else ["--save", "overlays"]
        explain(*inputs, "-o", str(output), *self.options, *save, *_SMALL)
        (path,) = output.rglob(f"{self.image}*.png")
        with Image.open(path) as found:
            return on_squares(found)


def explain(*arguments: str) -> None:
    """Run `camcli explain`; a run that fails ends the drawing with its reason."""
    app(["explain", *arguments], standalone_mode=False)


def strip(folder: Path, tiles: Sequence[Tile]) -> Image.Image:
    """Draw tiles in an empty folder, and lay them out in a row.

    Returns:
        An RGB image.

    """
    pictures = [tile.draw(folder / str(number)) for number, tile in enumerate(tiles)]
    return laid_out([tile.title for tile in tiles], pictures)


def laid_out(titles: Sequence[str], pictures: Sequence[Image.Image]) -> Image.Image:
    """Return RGB pictures in a row below their titles."""
    width = sum(picture.width + GAP for picture in pictures) + GAP
    height = TITLE + max(picture.height for picture in pictures) + 2 * GAP
    sheet = Image.new("RGB", (width, height), PAPER)
    drawing, left = ImageDraw.Draw(sheet), GAP
    for title, picture in zip(titles, pictures, strict=True):
        drawing.text((left, GAP), title, INK, ImageFont.load_default(13))
        sheet.paste(picture, (left, TITLE + GAP))
        left += picture.width + GAP
    return sheet


def on_squares(picture: Image.Image) -> Image.Image:
    """Return a picture in RGB, over light and dark squares where it is transparent."""
    if picture.mode == "RGB":
        return picture.copy()
    ground = Image.new("RGBA", picture.size, _LIGHT)
    drawing = ImageDraw.Draw(ground)
    for top in range(0, picture.height, _SQUARE):
        for left in range(top % (2 * _SQUARE), picture.width, 2 * _SQUARE):
            drawing.rectangle((left, top, left + _SQUARE - 1, top + _SQUARE - 1), _DARK)
    return Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB")
