"""Draw the guide's image of looks: `python -m docs.looks docs/assets/looks.png`.

Every tile is a file that `camcli explain` writes for one of the repository's own sample images, as
its options make it; the bare heatmap is laid over a chequered ground, to show where it is
transparent.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_IMAGES = Path(__file__).parents[1] / "sample_images"
_OPTIONS = {
    "--caption label": ["--caption", "label"],
    "--caption full --colorbar": ["--caption", "full", "--colorbar"],
    "--versus runner-up --style contour": [
        *("--style", "contour", "--versus", "runner-up"),
        *("--caption", "full", "--colorbar"),
    ],
    "--save heat": ["--save", "heat"],
}
_GAP, _TITLE, _SQUARE = 12, 24, 12
_PAPER, _INK, _LIGHT, _DARK = (255, 255, 255), (32, 36, 44), (250, 250, 250), (216, 218, 222)
_SMALL = ("--set", "output.overlay_side=360", "-q", "--no-compile")


def draw(folder: Path, image: str, options: Mapping[str, Sequence[str]]) -> Image.Image:
    """Explain a sample image into a folder with each look, and lay the results out.

    Args:
        folder: An empty folder.
        image: The name of the sample image.
        options: Of each picture, by its title.

    Returns:
        An RGB image: a row of the pictures, each below the options that make it.

    """
    looks = enumerate(options.values())
    pictures = [_explained(folder / str(n), image, look) for n, look in looks]
    width = sum(picture.width + _GAP for picture in pictures) + _GAP
    height = _TITLE + max(picture.height for picture in pictures) + 2 * _GAP
    sheet = Image.new("RGB", (width, height), _PAPER)
    drawing, left = ImageDraw.Draw(sheet), _GAP
    for title, picture in zip(options, pictures, strict=True):
        drawing.text((left, _GAP), title, _INK, ImageFont.load_default(13))
        sheet.paste(picture, (left, _TITLE + _GAP))
        left += picture.width + _GAP
    return sheet


def _explained(output: Path, image: str, look: Sequence[str]) -> Image.Image:
    """Return the one picture that a run with these options leaves."""
    save = [] if "--save" in look else ["--save", "overlays"]
    command = [sys.executable, "-m", "camcli", "explain", str(_IMAGES / image), "-o"]
    subprocess.run([*command, str(output), *look, *save, *_SMALL], check=True)
    (path,) = output.rglob("*.png")
    with Image.open(path) as found:
        return found.convert("RGB") if found.mode == "RGB" else _on_squares(found.convert("RGBA"))


def _on_squares(picture: Image.Image) -> Image.Image:
    """Lay a transparent picture over light and dark squares, as image editors do."""
    ground = Image.new("RGBA", picture.size, _LIGHT)
    drawing = ImageDraw.Draw(ground)
    for top in range(0, picture.height, _SQUARE):
        for left in range(top % (2 * _SQUARE), picture.width, 2 * _SQUARE):
            drawing.rectangle((left, top, left + _SQUARE - 1, top + _SQUARE - 1), _DARK)
    return Image.alpha_composite(ground, picture).convert("RGB")


def main(
    image: str, options: Mapping[str, Sequence[str]], module: str, description: str | None
) -> None:
    """Draw the looks of a sample image into the file named on the command line."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument("file", type=Path, metavar="FILE", help="the PNG to write")
    file = parser.parse_args().file
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="camcli-looks-") as folder:
        draw(Path(folder), image, options).save(file, optimize=True)


if __name__ == "__main__":
    main("rocket_and_flower.jpg", _OPTIONS, "docs.looks", __doc__)
