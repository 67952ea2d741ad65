"""Mask images: one for a class of an image, one for whatever is explained, or one of all classes.

`cat.tench.png` is the mask of tench in `cat.jpg`, by the class's name or index: what is not 0 is
the object. `cat.png` serves every class, and holds no more than on and off. With a file
`classes.csv` in the folder (columns `value` and `class`), `cat.png` holds classes: each value is
what that file says, 0 is background, and 255 is void unless it is listed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path, PurePosixPath

from camcli.errors import InputError
from camcli.evaluation.ground_truth.content import (
    Annotations,
    Content,
    Reader,
    Region,
    UnusableTruthError,
)
from camcli.evaluation.ground_truth.findings import Finding
from camcli.evaluation.ground_truth.mask_values import VOID, MaskValues, mask_values
from camcli.evaluation.ground_truth.shapes import Mask, Raster
from camcli.models.image_lookup import Entry
from camcli.models.image_paths import SpelledPath
from camcli.models.text_files import read_columns, read_text
from camcli.records import ImageRef

CLASSES_FILE = "classes.csv"
_SUFFIX = ".png"


def is_mask_folder(path: Path) -> bool:
    """Return whether a path is a folder with mask images, and no XML beside them, at any depth."""
    return path.is_dir() and any(path.rglob(f"*{_SUFFIX}")) and not any(path.rglob("*.xml"))


def read_masks(path: Path, listing: Sequence[ImageRef]) -> Annotations:
    """Find the masks of the images below a folder, without opening them yet.

    Args:
        path: The folder.
        listing: The images; a mask is named after one of them.

    Raises:
        InputError: `classes.csv` cannot be read.

    """
    folder = _MaskFolder(path, listing)
    entries: list[Entry[Reader]] = [
        Entry((picture,), partial(folder.content, by_label))
        for picture, by_label in folder.pictures.items()
    ]
    return Annotations(entries, tuple(("file_not_read", name) for name in folder.left_out()))


class _MaskFolder:
    """The masks of a folder, by what their names say.

    Attributes:
        path: The folder.
        pictures: Masks by the image that they are named after, and by the class behind that name,
            None where there is none.
        classes: What the values of masks without a class in their name stand for, if that is said.

    """

    def __init__(self, path: Path, listing: Sequence[ImageRef]) -> None:
        self.path = path
        self.classes = _classes(path / CLASSES_FILE)
        self.pictures: dict[str, dict[str | None, Path]] = defaultdict(dict)
        images = frozenset(tail for ref in listing for tail in SpelledPath.of(ref.name).tails(1))
        for file in sorted(path.rglob(f"*{_SUFFIX}")):
            picture, label = _split(PurePosixPath(file.relative_to(path).as_posix()), images)
            self.pictures[picture][label] = file

    def left_out(self) -> list[str]:
        """Return the names of files that are no masks."""
        files = (file for file in sorted(self.path.rglob("*")) if file.is_file())
        others = (file for file in files if file.suffix != _SUFFIX and file.name != CLASSES_FILE)
        return [str(file.relative_to(self.path)) for file in others if file.name[0] != "."]

    def content(self, by_label: Mapping[str | None, Path]) -> Content:
        """Read the masks of one image; see `Reader`."""
        named = {label: path for label, path in by_label.items() if label is not None}
        if not named:
            return self._plain(by_label[None])
        found = {label: mask_values(path) for label, path in named.items()}
        for label, mask in found.items():
            _refuse_doubtful_void(named[label], mask)
        sizes = {mask.size for mask in found.values()}
        if len(sizes) > 1:
            raise UnusableTruthError("its masks differ in size")
        regions = [
            Region(label, Raster(mask.size, partial(_marked, named[label])), may_be_index=True)
            for label, mask in found.items()
            if mask.present
        ]
        dropped: list[tuple[Finding, str]] = []
        if None in by_label:
            dropped.append(("mask_beside_classes", by_label[None].name))
        return Content(sizes.pop(), tuple(regions), tuple(dropped))

    def _plain(self, path: Path) -> Content:
        """Read the one mask of an image, for every class or with all classes in it."""
        mask = mask_values(path)
        if self.classes is not None:
            return Content(mask.size, tuple(self._classed(path, mask, self.classes)))
        code = mask.code or (mask.present == [1] and self._first_code)
        if code:
            raise UnusableTruthError(
                f"{path.name} may hold classes or instances: {code}. Write what each value is into "
                f"{self.path / CLASSES_FILE} (a header value,class, then lines such as 15,person), "
                f"or give a mask a class, such as {path.stem}.CLASS.png"
            )
        shape = Raster(mask.size, partial(_marked, path))
        return Content(mask.size, (Region(None, shape),) if mask.present else ())

    @cached_property
    def _first_code(self) -> str | None:
        """Why the 1 of a mask may be a class's number: because other masks of the folder have such.

        Read only for masks whose one value is 1.
        """
        for by_label in self.pictures.values():
            if list(by_label) == [None] and (code := _code_in(by_label[None])):
                return f"its value is 1, and of {by_label[None].name} {code}"
        return None

    def _classed(self, path: Path, mask: MaskValues, classes: Mapping[int, str]) -> list[Region]:
        unknown = [v for v in mask.present if v not in classes and v != VOID]
        if mask.colored or unknown:
            problem = mask.code if mask.colored else f"it has the value {unknown[0]}"
            raise UnusableTruthError(f"{CLASSES_FILE} does not explain {path.name}: {problem}")
        return [
            Region(classes[value], Raster(mask.size, partial(_equal, path, value)))
            for value in mask.present
            if value in classes
        ]


def _refuse_doubtful_void(path: Path, mask: MaskValues) -> None:
    """Refuse the mask of one class with 255 beside one other value: soft edges have many."""
    present = mask.present
    if len(present) == 2 and present[-1] == VOID and not mask.colored:
        raise UnusableTruthError(
            f"{path.name} has the values {present[0]} and {VOID} beside 0, and {VOID} may be the "
            f"object or, as in masks of classes, void: write 0 where it is void, and {present[0]} "
            "where it is not"
        )


def _split(path: PurePosixPath, images: frozenset[str]) -> tuple[str, str | None]:
    """Return the image that a mask is named after, and the class behind it, if there is one.

    Of several images, as `img` and `img.v1` for `img.v1.tench.png`, the longest name counts.
    """
    whole = path.name[: -len(_SUFFIX)]
    dots = [place for place, char in enumerate(whole) if char == "."]
    for end in (len(whole), *reversed(dots)):
        if images.intersection(SpelledPath.of(whole[:end]).folded):
            return str(path.parent / whole[:end]), whole[end + 1 :] or None
    return str(path.parent / whole), None


def _classes(path: Path) -> Mapping[int, str] | None:
    """Read which class each value of a mask stands for, None where no file says so."""
    if not path.is_file():
        return None
    text = read_text(path, str(path), InputError)
    classes: dict[int, str] = {}
    for row in read_columns(text, str(path), (("value",), ("class", "name")), InputError):
        value, name = (word.strip() for word in row.values)
        if not (value.isdecimal() and name):
            raise InputError(
                f"line {row.line} of {path} must hold a whole number and a class, such as 15,person"
            )
        classes[int(value)] = name
    return classes


def _code_in(path: Path) -> str | None:
    try:
        return mask_values(path).code
    except UnusableTruthError:
        return None


def _marked(path: Path) -> Mask:
    mask: Mask = mask_values(path).values != 0
    return mask


def _equal(path: Path, value: int) -> Mask:
    mask: Mask = mask_values(path).values == value
    return mask
