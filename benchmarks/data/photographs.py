"""Make a large folder of JPEG photographs, all different, from a few.

    python -m benchmarks.data.photographs PHOTOS TARGET [--count 1000] [--width 500] [--height 375]

A run over a hundred images is over before its start-up is amortised. Every image made is
a different part of one of the given photographs (70 to 100 % of the largest part with the given
aspect ratio), mirrored or not and a little lighter or darker, encoded as cameras and the web do,
with 4:2:0 chroma at qualities of 80 to 95. The cost of decoding, of encoding overlays and of a
network depends on such content; noise, or the same file a thousand times, would mislead.

Image number i depends on the source folder, the size and i alone, never on the count.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

_SUFFIXES = {".jpg", ".jpeg", ".png"}


def make_photographs(
    source: Path, target: Path, count: int, size: tuple[int, int] = (500, 375)
) -> None:
    """Fill a folder with `count` JPEG files, keeping those that exist already.

    Args:
        source: A folder of photographs, not searched recursively.
        target: Created if it does not exist; the files are `00000.jpg`, `00001.jpg` and so on.
        count: How many.
        size: (width, height) of each, in pixels.

    Raises:
        FileNotFoundError: The source holds no photograph.

    """
    photographs = sorted(path for path in source.iterdir() if path.suffix.lower() in _SUFFIXES)
    if not photographs:
        raise FileNotFoundError(f"{source} holds no photograph ({', '.join(sorted(_SUFFIXES))})")
    target.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        path = target / f"{index:05}.jpg"
        if not path.exists():
            rng = np.random.default_rng(index)
            photograph = Image.open(photographs[index % len(photographs)]).convert("RGB")
            varied = _varied(photograph, size, rng)
            unfinished = path.with_suffix(".part")
            varied.save(unfinished, "JPEG", quality=int(rng.integers(80, 96)))
            unfinished.rename(path)


def _varied(
    photograph: Image.Image, size: tuple[int, int], rng: np.random.Generator
) -> Image.Image:
    image = photograph.resize(size, Image.Resampling.BICUBIC, _part(photograph.size, size, rng))
    if rng.random() < 0.5:
        image = ImageOps.mirror(image)
    return ImageEnhance.Brightness(image).enhance(rng.uniform(0.85, 1.15))


def _part(
    whole: tuple[int, int], size: tuple[int, int], rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """Return a box (left, top, right, bottom) inside `whole` with the aspect of `size`."""
    scale = min(whole[0] / size[0], whole[1] / size[1]) * rng.uniform(0.7, 1.0)
    width, height = size[0] * scale, size[1] * scale
    left = rng.uniform(0, whole[0] - width)
    top = rng.uniform(0, whole[1] - height)
    return left, top, left + width, top + height


def main() -> None:
    """Make the folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--width", type=int, default=500)
    parser.add_argument("--height", type=int, default=375)
    options = parser.parse_args()
    size = (options.width, options.height)
    make_photographs(options.source, options.target, options.count, size)
    print(f"{options.count} photographs of {size[0]} x {size[1]} in {options.target}")


if __name__ == "__main__":
    main()
