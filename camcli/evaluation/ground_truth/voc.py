"""Pascal VOC annotations: one XML file an image."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from camcli.errors import InputError
from camcli.evaluation.ground_truth.content import Annotations, Content, Reader, Region, stated_size
from camcli.evaluation.ground_truth.findings import Finding
from camcli.evaluation.ground_truth.segmentation import has_extent
from camcli.evaluation.ground_truth.shapes import Rectangle
from camcli.models.image_lookup import Entry

_SIDES = ("xmin", "ymin", "xmax", "ymax")


def is_voc(path: Path) -> bool:
    """Return whether a path is to be read as Pascal VOC: an .xml file, or a folder of them."""
    return path.is_dir() or path.suffix.lower() == ".xml"


def read_voc(path: Path) -> Annotations:
    """Read a Pascal VOC XML file, or every one in a folder.

    Raises:
        InputError: A file is no such annotation, or the folder holds none.
        OSError: A file cannot be read.

    """
    folder = path if path.is_dir() else path.parent
    files = sorted(path.rglob("*.xml")) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path} holds neither masks (*.png) nor Pascal VOC annotations (*.xml)")
    names = [PurePosixPath(file.relative_to(folder)) for file in files]
    entries = [_entry(file, name) for file, name in zip(files, names, strict=True)]
    return Annotations(entries, files=tuple(map(str, names)))


def _entry(path: Path, relative: PurePosixPath) -> Entry[Reader]:
    """Read a file, whose place in the folder is that of its image among the images."""
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise InputError(f"{path} is no Pascal VOC annotation: not XML: {error}") from None
    if root.tag != "annotation":
        raise InputError(
            f"{path} is no Pascal VOC annotation: it holds <{root.tag}>, not <annotation>"
        )
    content = _content(root, path.name)
    return Entry(_spellings(root, relative), lambda: content)


def _spellings(root: ElementTree.Element, relative: PurePosixPath) -> tuple[str, ...]:
    """Return what the image may be called: by where the file is, and by what stands in it."""
    name = (root.findtext("filename") or "").strip()
    if not name:
        return (str(relative),)
    folder = (root.findtext("folder") or "").strip()
    found = [str(relative.parent / name.replace("\\", "/")), *([f"{folder}/{name}"] * bool(folder))]
    return (*found, (root.findtext("path") or "").strip() or name)


def _content(root: ElementTree.Element, file: str) -> Content:
    regions: list[Region] = []
    dropped: list[tuple[Finding, str]] = []
    size = stated_size(root.findtext("size/width"), root.findtext("size/height"))
    for number, thing in enumerate(root.iter("object"), start=1):
        found = _region(thing)
        if isinstance(found, Region):
            regions.append(found)
        else:
            dropped.append((found, f"object {number} in {file}"))
    return Content(size, tuple(regions), tuple(dropped))


def _region(thing: ElementTree.Element) -> Region | Finding:
    """Read one object; VOC counts pixels from 1, both ends included."""
    box = thing.find("bndbox")
    if box is None:
        return "no_outline"
    try:
        left, top, right, bottom = (float(box.findtext(side) or "") for side in _SIDES)
    except ValueError:
        return "no_outline"
    shape = Rectangle((left - 1, top - 1, right, bottom))
    if not has_extent(shape):
        return "degenerate"
    return Region((thing.findtext("name") or "").strip() or None, shape)
