"""Draw the README's image: `python -m docs.overview docs/assets/overview.png`.

Every tile is what `camcli explain` writes for one of the repository's own sample images, cut to the
square that the network sees.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from camcli.output.render import overlay
from camcli.records import Geometry

_IMAGES = Path(__file__).parents[1] / "sample_images"
_NAMES = ("butterfly.png", "car.jpg", "rocket_and_flower.jpg")
_SAVED = {"lift-cam": "overlays", "deep-lift": "overlays", "decom-cam": "components"}
_COMPONENTS = 3
_COLORMAP, _ALPHA = "turbo", 0.5
_TILE, _GAP, _TITLE, _CAPTION = 152, 8, 26, 20
_COLOURS = 256
_PAPER, _INK, _DIM = (255, 255, 255), (32, 36, 44), (96, 102, 114)


@dataclass(frozen=True)
class Tile:
    """One field: a square image with a caption below it."""

    image: Image.Image
    caption: str


def draw(folder: Path) -> Image.Image:
    """Explain the sample images into a folder by each method, and lay the results out.

    Args:
        folder: An empty folder.

    Returns:
        A palette image: a row for each sample image, a column for each kind of result.

    """
    for method in _SAVED:
        _explain(folder / method, method)
    rows = [_row(folder, name) for name in _NAMES]
    titles = ["image", "lift-cam", "deep-lift", "components of decom-cam, by weight"]
    return _laid_out(titles, rows).quantize(_COLOURS, dither=Image.Dither.NONE)


def _explain(output: Path, method: str) -> None:
    command = [sys.executable, "-m", "camcli", "explain", str(_IMAGES), "-o", str(output)]
    chosen = ["--method", method, "--save", _SAVED[method], "-q", "--no-compile"]
    subprocess.run([*command, *chosen], check=True)


def _row(folder: Path, name: str) -> list[Tile]:
    image = Image.open(_IMAGES / name).convert("RGB")
    rows = {method: _manifest_row(folder / method, name) for method in _SAVED}
    lift = rows["lift-cam"]
    geometry = Geometry(lift["width"], lift["height"], tuple(lift["crop_box"]))
    target = lift["target"]
    return [
        Tile(_seen(image, geometry), f"{target['name']}, {target['probability']:.0%}"),
        *(
            Tile(
                _seen(_overlay_of(folder / method, rows[method]), geometry),
                f"completeness error {rows[method]['completeness_error']:.0e}",
            )
            for method in ("lift-cam", "deep-lift")
        ),
        *_components(folder / "decom-cam", rows["decom-cam"], image, geometry),
    ]


def _manifest_row(folder: Path, name: str) -> dict[str, Any]:
    lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    return next(row for row in map(json.loads, lines) if row["image"] == name)


def _overlay_of(folder: Path, row: dict[str, Any]) -> Image.Image:
    return Image.open(folder / row["overlay"]).convert("RGB")


def _components(
    folder: Path, row: dict[str, Any], image: Image.Image, geometry: Geometry
) -> Iterator[Tile]:
    """Yield the components of largest weight."""
    found = row["components"]
    maps = np.load(folder / found["path"])
    order = np.argsort(found["weights"])[::-1][:_COMPONENTS]
    for number in order:
        drawn = overlay(image, geometry, maps[number], _COLORMAP, _ALPHA)
        yield Tile(_seen(drawn, geometry), f"weight {found['weights'][number]:.2f}")


def _seen(image: Image.Image, geometry: Geometry) -> Image.Image:
    """Return the square that the network saw, at the size of a tile."""
    return image.resize((_TILE, _TILE), Image.Resampling.LANCZOS, geometry.crop_box)


def _laid_out(titles: Sequence[str], rows: Sequence[Sequence[Tile]]) -> Image.Image:
    across, down = _TILE + _GAP, _TILE + _CAPTION + _GAP
    size = (len(rows[0]) * across + _GAP, _TITLE + len(rows) * down + _GAP)
    sheet = Image.new("RGB", size, _PAPER)
    drawing = ImageDraw.Draw(sheet)
    for column, title in enumerate(titles):
        drawing.text((_GAP + column * across, _GAP), title, _INK, ImageFont.load_default(14))
    for y, row in enumerate(rows):
        for x, tile in enumerate(row):
            left, top = _GAP + x * across, _TITLE + _GAP + y * down
            sheet.paste(tile.image, (left, top))
            below = (left, top + _TILE + 3)
            drawing.text(below, tile.caption, _DIM, ImageFont.load_default(12))
    return sheet


def main(argv: Sequence[str] | None = None) -> None:
    """Draw the image into the file named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m docs.overview", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="the PNG to write")
    file = parser.parse_args(argv).file
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="camcli-overview-") as folder:
        draw(Path(folder)).save(file, optimize=True)


if __name__ == "__main__":
    main()
