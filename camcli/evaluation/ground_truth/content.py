"""What every format says of a picture: the regions in it, each with a class and a shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from camcli.evaluation.ground_truth.findings import Finding
from camcli.evaluation.ground_truth.shapes import Shape, Size
from camcli.models.image_lookup import Entry


class UnusableTruthError(Exception):
    """The annotation of one picture cannot be used; the message says why, and what to do."""


def stated_size(width: object, height: object) -> Size | None:
    """Return the size that a file states, None where it states none; many tools write 0 then."""
    try:
        size = int(float(str(width))), int(float(str(height)))
    except (ValueError, OverflowError):
        return None
    return size if min(size) > 0 else None


@dataclass(frozen=True)
class Region:
    """One annotated object.

    Attributes:
        label: Its class by name; None where the file says of none which class it is.
        shape: Where it is, in pixels of the annotated picture.
        may_be_index: Whether the label may also be a class's index.

    """

    label: str | None
    shape: Shape
    may_be_index: bool = False


@dataclass(frozen=True)
class Content:
    """What is said of one picture.

    Attributes:
        size: (width, height) that it is said to have, None where that is not said.
        regions: Its objects.
        dropped: What is said and cannot be used, each with an example.

    """

    size: Size | None
    regions: tuple[Region, ...]
    dropped: tuple[tuple[Finding, str], ...] = ()


Reader = Callable[[], Content]
"""Reads the annotation of one picture.

Raises:
    UnusableTruthError: It cannot be used.

"""


@dataclass(frozen=True)
class Annotations:
    """What a file, or a folder of files, says.

    Attributes:
        entries: The annotated pictures.
        dropped: What belongs to no picture, each with an example.
        files: Where each has a file of its own, the names of these.

    """

    entries: Sequence[Entry[Reader]]
    dropped: tuple[tuple[Finding, str], ...] = ()
    files: tuple[str, ...] = ()
