"""The guide's picture of `output.font`: a name that Pillow's own font cannot write."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from camcli.demo.scenes import CLASSES
from docs.pictures.strip import Tile, laid_out

_NAMES = {"rocket": "fusée — ракета"}


def font(folder: Path) -> Image.Image:
    """Return a sample image with the same caption in two fonts, the second one Matplotlib's."""
    import matplotlib

    labels = folder / "names.txt"
    labels.write_text("\n".join(_NAMES.get(name, name) for name in CLASSES), encoding="utf-8")
    file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    asked = (
        *("--target", "index:" + str(list(CLASSES).index("rocket")), "--caption", "label"),
        *("--set", f"model.labels={labels}"),
    )
    tiles = [
        Tile("the font of Pillow, the default", "rocket_and_flower.jpg", asked),
        Tile(
            "output.font=DejaVuSans.ttf",
            "rocket_and_flower.jpg",
            (*asked, "--set", f"output.font={file}"),
        ),
    ]
    pictures = [tile.draw(folder / str(number)) for number, tile in enumerate(tiles)]
    return laid_out([tile.title for tile in tiles], pictures)
