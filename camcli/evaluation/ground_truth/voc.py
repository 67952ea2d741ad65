"""Pascal VOC annotations: one XML file an image."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from camcli.errors import InputError
from camcli.evaluation.ground_truth.annotations import Annotations, Region


def is_voc(path: Path) -> bool:
    """Return whether a path is to be read as Pascal VOC: an .xml file, or a folder of them."""
    return path.is_dir() or path.suffix.lower() == ".xml"


def read_voc(path: Path) -> Annotations:
    """Read a Pascal VOC XML file, or every one in a folder.

    Raises:
        InputError: A file is no such annotation, or the folder holds none.
        OSError: A file cannot be read.

    """
    files = sorted(path.rglob("*.xml")) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path} holds no Pascal VOC annotation (*.xml)")
    return Annotations(dict(_objects(file) for file in files))


def _objects(path: Path) -> tuple[str, list[Region]]:
    """Return the stem of the image that a file annotates, and its objects."""
    try:
        root = ElementTree.parse(path).getroot()
        regions = [_region(thing) for thing in root.iter("object")]
        return Path(root.findtext("filename") or path.name).stem, regions
    except (ElementTree.ParseError, ValueError, TypeError) as error:
        raise InputError(f"{path} is no Pascal VOC annotation: {error}") from None


def _region(thing: ElementTree.Element) -> Region:
    """Read one object; VOC counts pixels from 1, both ends included."""
    box = thing.find("bndbox")
    if box is None:
        raise ValueError("an object has no bndbox")
    sides = {side: float(box.findtext(side) or "") for side in ("xmin", "ymin", "xmax", "ymax")}
    return Region(
        thing.findtext("name"),
        (sides["xmin"] - 1, sides["ymin"] - 1, sides["xmax"], sides["ymax"]),
    )
