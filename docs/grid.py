"""Draw the guide's image of a grid: `python -m docs.grid docs/assets/grid.png`.

It is what `camcli explain` writes for one of the repository's own sample images, in 256 colours.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

_IMAGE = Path(__file__).parents[1] / "sample_images" / "rocket_and_flower.jpg"
_METHODS = ("lift-cam", "grad-cam++", "lift-pyramid", "decom-cam")
_ASKED = ("--target", "rocket", "--target", "flower", "--save", "grid", "-q", "--no-compile")


def main() -> None:
    """Draw the grid into the file named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m docs.grid", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="the PNG to write")
    file = parser.parse_args().file
    methods = [word for name in _METHODS for word in ("--method", name)]
    with tempfile.TemporaryDirectory(prefix="camcli-grid-") as folder:
        command = [sys.executable, "-m", "camcli", "explain", str(_IMAGE), "-o", folder]
        subprocess.run([*command, *methods, *_ASKED], check=True)
        (path,) = Path(folder).rglob("*.png")
        with Image.open(path) as drawn:
            drawn.quantize(256).save(file, optimize=True)  # a third of the size


if __name__ == "__main__":
    main()
