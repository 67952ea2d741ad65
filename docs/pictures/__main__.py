"""Draw the guide's pictures: `python -m docs.pictures [NAME...]`, by default all of them."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PIL import Image

from docs.pictures import page
from docs.pictures.font import font
from docs.pictures.grid import grid
from docs.pictures.regions import regions
from docs.pictures.strip import strip
from docs.pictures.strips import STRIPS

FOLDER = Path(__file__).parents[1] / "assets"

PICTURES: dict[str, Callable[[Path], Image.Image]] = {
    **{name: partial(strip, tiles=tiles) for name, tiles in STRIPS.items()},
    "grid": grid,
    "font": font,
    "export": regions,
    "report": page.report,
    "diff": page.difference,
}
"""What draws each into an empty folder."""


def main() -> None:
    """Draw what the command line names into `docs/assets`."""
    parser = argparse.ArgumentParser(prog="python -m docs.pictures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PICTURES))
    names = parser.parse_args().names or list(PICTURES)
    for unknown in set(names) - PICTURES.keys():
        parser.error(f"there is no picture {unknown!r}; there are {', '.join(PICTURES)}")
    for name in names:
        with tempfile.TemporaryDirectory(prefix="camcli-pictures-") as folder:
            PICTURES[name](Path(folder)).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
