"""What a photograph of 12 megapixels costs before and after the network.

    python -m benchmarks.speed.large_photographs PHOTOS [--count 8] [--rounds 5]

Photographs of 4032 x 3024 are assembled from PHOTOS at their native resolution, so that they are
as detailed as files of that size get. The naive way is what one would write with Pillow alone:
open, convert, the preset's resize and crop, stretch the map over the image with a palette, blend,
save as PNG. camcli's is measured at its defaults (overlay of the image's own size), with overlays
of at most 1600 pixels, and for maps alone. All with one thread and the same map.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.speed.timing import Seconds, alternate
from camcli.images.decode import decode
from camcli.output.colormaps import lookup_table
from camcli.output.encode import jpg, png
from camcli.output.render import overlay
from camcli.records import ImageItem, ImageRef, Preprocess, Reading

_SIZE = (4032, 3024)
_TILE = 333
_PREPROCESS = Preprocess(256, (224, 224), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

Map = npt.NDArray[np.float32]


def mosaic(source: Path, seed: int) -> Image.Image:
    """Assemble a large photograph from parts of others."""
    rng = np.random.default_rng(seed)
    files = sorted(source.iterdir())
    whole = Image.new("RGB", _SIZE)
    for top in range(0, _SIZE[1], _TILE):
        for left in range(0, _SIZE[0], _TILE):
            with Image.open(files[rng.integers(len(files))]) as photograph:
                part = photograph.convert("RGB").crop((0, 0, _TILE, _TILE))
            whole.paste(part, (left, top))
    return whole


def naive(path: Path, values: Map) -> None:
    """Read, prepare and draw an image with Pillow at its defaults."""
    with Image.open(path) as image:
        rgb = image.convert("RGB")
    width, height = rgb.size
    short = 256 / min(width, height)
    resized = rgb.resize((round(width * short), round(height * short)))
    left, top = (resized.width - 224) // 2, (resized.height - 224) // 2
    np.asarray(resized.crop((left, top, left + 224, top + 224)))
    levels = Image.fromarray((values * 255).astype(np.uint8))
    heat = Image.fromarray(lookup_table("turbo")[np.asarray(levels.resize(rgb.size))])
    Image.blend(rgb, heat, 0.5).save(io.BytesIO(), "PNG")


def ours(path: Path, values: Map, keep_side: int | None, encode: Callable[..., bytes]) -> None:
    """Read, prepare and draw an image as camcli does."""
    item = decode(ImageRef(0, path, path.name), _PREPROCESS, Reading(keep_side=keep_side))
    assert isinstance(item, ImageItem)
    if item.original is not None:
        encode(overlay(item.original, item.geometry, values, "turbo", 0.5))


def main() -> None:
    """Print the milliseconds per photograph of each way, and their ratios to the naive one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rows, columns = np.mgrid[:224, :224]
    values = np.exp(-((rows - 90) ** 2 + (columns - 130) ** 2) / 4000).astype(np.float32)
    with tempfile.TemporaryDirectory(prefix="camcli-large-") as folder:
        paths = [Path(folder) / f"{index}.jpg" for index in range(options.count)]
        for index, path in enumerate(paths):
            mosaic(options.photos, index).save(path, quality=92)
        ways = {
            "naive": naive,
            "as they are, png": partial(ours, keep_side=None, encode=png),
            "as they are, jpg": partial(ours, keep_side=None, encode=jpg),
            "at most 1600, png": partial(ours, keep_side=1600, encode=png),
            "at most 1600, jpg": partial(ours, keep_side=1600, encode=jpg),
            "maps alone": partial(ours, keep_side=0, encode=png),
        }

        def over_all(way: Callable[..., None]) -> None:
            for path in paths:
                way(path, values)

        times = alternate({name: partial(over_all, way) for name, way in ways.items()},
                          options.rounds)  # fmt: skip
    _report(times, options.count)


def _report(times: dict[str, Seconds], count: int) -> None:
    for name, seconds in times.items():
        each = seconds.median * 1000 / count
        print(f"{name:20} {each:8.0f} ms   {seconds.ratio_to(times['naive'])} of naive")


if __name__ == "__main__":
    main()
