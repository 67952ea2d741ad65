"""A grid as `camcli explain` writes it."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from docs.pictures.strip import SAMPLES, explain

_METHODS = ("lift-cam", "grad-cam++", "lift-pyramid", "decom-cam")
_ASKED = ("--target", "rocket", "--target", "flower", "--save", "grid", "-q", "--no-compile")


def grid(folder: Path) -> Image.Image:
    """Explain a sample image by several methods into an empty folder, and return its grid.

    Returns:
        An image of 256 colours, which takes a third of the room.

    """
    methods = [word for name in _METHODS for word in ("--method", name)]
    explain(str(SAMPLES / "rocket_and_flower.jpg"), "-o", str(folder / "run"), *methods, *_ASKED)
    (path,) = folder.rglob("*.png")
    with Image.open(path) as drawn:
        return drawn.quantize(256)
