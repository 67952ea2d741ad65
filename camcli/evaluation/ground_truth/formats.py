"""The table of formats that ground truth is read from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from camcli.errors import InputError
from camcli.evaluation.ground_truth.annotations import BoxTruth
from camcli.evaluation.ground_truth.coco import is_coco, read_coco
from camcli.evaluation.ground_truth.masks import MaskTruth, is_mask_folder
from camcli.evaluation.ground_truth.truth import Truth
from camcli.evaluation.ground_truth.voc import is_voc, read_voc


@dataclass(frozen=True)
class TruthFormat:
    """One way to annotate where objects are.

    Attributes:
        description: What a user may give, as a phrase.
        recognises: Whether a path that exists is of this format.
        read: Reads it.

    """

    description: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path], Truth]


FORMATS: tuple[TruthFormat, ...] = (
    TruthFormat("a folder of masks (.png)", is_mask_folder, MaskTruth),
    TruthFormat("a COCO .json", is_coco, lambda path: BoxTruth(read_coco(path))),
    TruthFormat(
        "a Pascal VOC .xml, or a folder of those", is_voc, lambda path: BoxTruth(read_voc(path))
    ),
)
"""Every format; of several that recognise a path, the first reads it."""


def read_truth(path: Path) -> Truth:
    """Read ground truth in whichever format a path holds it.

    Raises:
        InputError: The path is of no format, or cannot be read.

    """
    if not path.exists():
        raise InputError(f"there is no annotation {path}")
    try:
        for candidate in FORMATS:
            if candidate.recognises(path):
                return candidate.read(path)
    except OSError as error:
        raise InputError(f"cannot read the annotations {path}: {error}") from None
    choices = "; ".join(candidate.description for candidate in FORMATS)
    raise InputError(f"{path} is no annotation that camcli reads: give {choices}")
