"""Where objects are, as people have marked them: Pascal VOC and COCO boxes, and mask images."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
from PIL import Image

from camcli.errors import InputError
from camcli.records import Box, Geometry
from camcli.targets.class_names import folded

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Region:
    """One marked object: its class by name, None where the file names none, and its box.

    The box is (left, top, right, bottom) in pixels of the upright image, right and bottom
    exclusive.
    """

    label: str | None
    box: Box


@dataclass(frozen=True)
class Annotations:
    """The marked objects of every image, by file stem (`cat` for `a/cat.jpg`)."""

    regions: Mapping[str, Sequence[Region]]

    def of(self, name: str, label: str | None) -> list[Region]:
        """Return an image's objects of a class, and those without a label.

        Args:
            name: The image's, in the run.
            label: The class by name; None for objects of every class.

        """
        found = self.regions.get(PurePosixPath(name).stem, ())
        wanted = None if label is None else folded(label)
        return [r for r in found if r.label is None or wanted in (None, folded(r.label))]


def read_annotations(path: Path) -> Annotations:
    """Read a COCO JSON file, a Pascal VOC XML file, or a folder of the latter.

    Raises:
        InputError: The path holds neither.

    """
    try:
        if path.is_dir():
            files = sorted(path.rglob("*.xml"))
            if not files:
                raise InputError(f"{path} holds no Pascal VOC annotation (*.xml)")
            return Annotations(dict(_voc(file) for file in files))
        if path.suffix.lower() == ".xml":
            return Annotations(dict([_voc(path)]))
        if path.suffix.lower() == ".json":
            return Annotations(_coco(path))
    except OSError as error:
        raise InputError(f"cannot read the annotations {path}: {error}") from None
    raise InputError(
        f"{path} is no annotation that camcli reads: give a COCO .json, a Pascal VOC .xml, or a "
        "folder of the latter"
    )


def mask_of(regions: Sequence[Region], geometry: Geometry, size: tuple[int, int]) -> Mask:
    """Return where boxes lie in the network's input: bool (H, W).

    A pixel belongs to a box when its centre does.

    Args:
        regions: The boxes.
        geometry: How the input lies in the image.
        size: (H, W) of the input.

    """
    left, top, right, bottom = geometry.crop_box
    height, width = size
    across = left + (np.arange(width) + 0.5) * (right - left) / width
    down = top + (np.arange(height) + 0.5) * (bottom - top) / height
    mask = np.zeros(size, dtype=np.bool_)
    for region in regions:
        x0, y0, x1, y1 = region.box
        mask |= ((down >= y0) & (down < y1))[:, None] & ((across >= x0) & (across < x1))[None]
    return mask


def read_mask(path: Path, geometry: Geometry, size: tuple[int, int]) -> Mask:
    """Read an image whose non-black pixels are the object, as it lies in the network's input.

    Args:
        path: An image of the size of the one it marks.
        geometry: How the input lies in that image.
        size: (H, W) of the input.

    Raises:
        InputError: It cannot be read, or has another size.

    """
    try:
        with Image.open(path) as image:
            grey = image.convert("L")
    except OSError as error:
        raise InputError(f"cannot read the mask {path}: {error}") from None
    if grey.size != (geometry.width, geometry.height):
        raise InputError(
            f"the mask {path} has {grey.width} x {grey.height} pixels, its image "
            f"{geometry.width} x {geometry.height}"
        )
    shape = (size[1], size[0])
    left, top, right, bottom = geometry.crop_box
    scale = ((right - left) / size[1], (bottom - top) / size[0])
    seen = grey.transform(
        shape,
        Image.Transform.AFFINE,
        (scale[0], 0, left, 0, scale[1], top),
        Image.Resampling.NEAREST,
    )
    return np.asarray(seen) > 0


def _voc(path: Path) -> tuple[str, list[Region]]:
    try:
        root = ElementTree.parse(path).getroot()
        regions = [_voc_region(thing) for thing in root.iter("object")]
        return Path(root.findtext("filename") or path.name).stem, regions
    except (ElementTree.ParseError, ValueError, TypeError) as error:
        raise InputError(f"{path} is no Pascal VOC annotation: {error}") from None


def _voc_region(thing: ElementTree.Element) -> Region:
    """Read one object; VOC counts pixels from 1, both ends included."""
    box = thing.find("bndbox")
    if box is None:
        raise ValueError("an object has no bndbox")
    sides = {side: float(box.findtext(side) or "") for side in ("xmin", "ymin", "xmax", "ymax")}
    return Region(
        thing.findtext("name"),
        (sides["xmin"] - 1, sides["ymin"] - 1, sides["xmax"], sides["ymax"]),
    )


def _coco(path: Path) -> dict[str, list[Region]]:
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        stems = {image["id"]: Path(image["file_name"]).stem for image in tree["images"]}
        names = {category["id"]: category["name"] for category in tree.get("categories", ())}
        regions: dict[str, list[Region]] = defaultdict(list)
        for thing in tree["annotations"]:
            left, top, width, height = map(float, thing["bbox"])
            box = (left, top, left + width, top + height)
            regions[stems[thing["image_id"]]].append(Region(names.get(thing["category_id"]), box))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is no COCO annotation file: {type(error).__name__}: {error}"
        ) from None
    return dict(regions)
