"""The table of formats that ground truth is read from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from camcli.errors import InputError
from camcli.evaluation.ground_truth.coco import is_coco, read_coco
from camcli.evaluation.ground_truth.content import Annotations
from camcli.evaluation.ground_truth.masks import is_mask_folder, read_masks
from camcli.evaluation.ground_truth.voc import is_voc, read_voc
from camcli.records import ImageRef


@dataclass(frozen=True)
class TruthFormat:
    """One way to annotate where objects are.

    Attributes:
        description: What a user may give, as a phrase.
        recognises: Whether a path that exists is of this format.
        read: Reads it, for a listing of images.

    """

    description: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, Sequence[ImageRef]], Annotations]


FORMATS: tuple[TruthFormat, ...] = (
    TruthFormat("a folder of masks (.png)", is_mask_folder, read_masks),
    TruthFormat("a COCO .json", is_coco, lambda path, _: read_coco(path)),
    TruthFormat("a Pascal VOC .xml, or a folder of those", is_voc, lambda path, _: read_voc(path)),
)
"""Every format; of several that recognise a path, the first reads it."""


def read_truth(path: Path, listing: Sequence[ImageRef]) -> Annotations:
    """Read ground truth in whichever format a path holds it.

    Args:
        path: A file or a folder.
        listing: Every image that was given; masks are named after them.

    Raises:
        InputError: The path is of no format, or cannot be read.

    """
    if not path.exists():
        raise InputError(f"there is no annotation {path}")
    try:
        for candidate in FORMATS:
            if candidate.recognises(path):
                return candidate.read(path, listing)
    except OSError as error:
        raise InputError(f"cannot read the annotations {path}: {error}") from None
    choices = "; ".join(candidate.description for candidate in FORMATS)
    raise InputError(f"{path} is no annotation that camcli reads: give {choices}")
