"""The guide's picture of what `camcli export --to coco` proposes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from camcli.comparison.compare import read_side
from camcli.export.coco_file import write_coco
from docs.pictures.strip import SAMPLES, explain, laid_out

_IMAGES = ("car.jpg", "two_fish_and_house.jpg")
_THRESHOLDS = (0.3, 0.6)
_SIDE = 300
_BOX = (255, 0, 128)


def regions(folder: Path) -> Image.Image:
    """Return sample images with the proposed regions and their boxes, at two thresholds."""
    run = folder / "run"
    explain(str(SAMPLES), "-o", str(run), "-q", "--no-compile")
    titles, pictures = [], []
    for name in _IMAGES:
        for threshold in _THRESHOLDS:
            path = folder / "regions.json"
            write_coco(read_side(run), path, threshold)
            titles.append(f"--to coco --threshold {threshold}")
            pictures.append(_drawn(name, json.loads(path.read_text(encoding="utf-8"))))
    return laid_out(titles, pictures)


def _drawn(name: str, content: Mapping[str, Any]) -> Image.Image:
    """Return an image darkened outside the region that is proposed for it, with its box."""
    (number,) = (each["id"] for each in content["images"] if each["file_name"] == name)
    (found,) = (each for each in content["annotations"] if each["image_id"] == number)
    with Image.open(SAMPLES / name) as opened:
        image = opened.convert("RGB")
    dark = image.point(lambda value: value * 0.4)
    picture = Image.composite(image, dark, Image.fromarray(_region(found["segmentation"])))
    left, top, width, height = found["bbox"]
    box = (left, top, left + width - 1, top + height - 1)
    ImageDraw.Draw(picture).rectangle(box, outline=_BOX, width=4)
    picture.thumbnail((_SIDE, _SIDE))
    return picture


def _region(encoded: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """Return COCO's run lengths, which go down the columns, as a mask (h, w)."""
    height, width = encoded["size"]
    runs = encoded["counts"]
    inside = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    mask: npt.NDArray[np.bool_] = inside.reshape(width, height).T
    return np.ascontiguousarray(mask)
