"""The frame that an annotation is drawn in, against the image as it is seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from camcli.evaluation.ground_truth.content import UnusableTruthError
from camcli.evaluation.ground_truth.shapes import Coordinates, Grid, Mask, Shape, Size
from camcli.images.decode import StoredPicture
from camcli.records import Geometry

_Turn = Image.Transpose
# By what turns a stored picture upright: whether its axes are exchanged, and which of its own run
# the other way.
_AXES: dict[_Turn, tuple[bool, bool, bool]] = {
    _Turn.FLIP_LEFT_RIGHT: (False, True, False),
    _Turn.ROTATE_180: (False, True, True),
    _Turn.FLIP_TOP_BOTTOM: (False, False, True),
    _Turn.TRANSPOSE: (True, False, False),
    _Turn.ROTATE_270: (True, False, True),
    _Turn.TRANSVERSE: (True, True, True),
    _Turn.ROTATE_90: (True, True, False),
}


@dataclass(frozen=True)
class Frame:
    """How an annotation lies in the upright image.

    Attributes:
        size: (width, height) of the picture that was annotated.
        upright: (width, height) of the image as it is seen.
        turn: What turns the annotated picture upright, None where it was.

    """

    size: Size
    upright: Size
    turn: Image.Transpose | None = None

    @property
    def scaled(self) -> bool:
        """Whether the annotated picture is larger or smaller than the image."""
        return self.size not in (self.upright, self.upright[::-1])

    def visible(self, shape: Shape, geometry: Geometry, size: tuple[int, int]) -> Mask:
        """Return where a shape lies in the network's input: bool (H, W).

        A pixel belongs to a shape when its centre does.

        Args:
            shape: In pixels of the annotated picture.
            geometry: How the input lies in the upright image.
            size: (H, W) of the input.

        """
        left, top, right, bottom = geometry.crop_box
        height, width = size
        across = left + (np.arange(width) + 0.5) * (right - left) / width
        down = top + (np.arange(height) + 0.5) * (bottom - top) / height
        swapped, flip_x, flip_y = _AXES[self.turn] if self.turn is not None else (False,) * 3
        stored = self.upright[::-1] if swapped else self.upright
        x, y = (down, across) if swapped else (across, down)
        grid = Grid(
            _placed(x, stored[0], self.size[0], flip_x), _placed(y, stored[1], self.size[1], flip_y)
        )
        mask = shape.covers(grid)
        return mask.T if swapped else mask


def frame_of(stated: Size | None, picture: StoredPicture) -> Frame:
    """Return the frame of an annotation that states a size, or None.

    A size in the picture's proportions is taken at its word: the annotation is scaled. Where the
    image has an EXIF orientation, the stated size has to tell whether the picture was annotated
    upright or as stored.

    Raises:
        UnusableTruthError: The size is another picture's, or leaves that open.

    """
    stored, upright, turn = picture.size, picture.upright, picture.turn
    if turn is None:
        if stated is None or stated == upright or _proportional(stated, upright):
            return Frame(stated or upright, upright)
        raise _of_another_size(stated, upright)
    if stated is None:
        raise UnusableTruthError(
            f"the image is turned by its EXIF orientation, and the annotation does not state the "
            f"size of its picture, so that it may mean either way up: {_REMEDY}"
        )
    if stored != upright and stated in (stored, upright):
        return Frame(stated, upright, turn if stated == stored else None)
    as_upright, as_stored = _proportional(stated, upright), _proportional(stated, stored)
    if as_upright and as_stored:
        raise UnusableTruthError(
            f"the image is turned by its EXIF orientation, and {_named(stated)} may be its size "
            f"either way up: {_REMEDY}"
        )
    if as_upright or as_stored:
        return Frame(stated, upright, turn if as_stored else None)
    raise _of_another_size(stated, upright)


_REMEDY = "store it upright, without the orientation, and annotate that"


def _placed(points: Coordinates, length: int, annotated: int, flipped: bool) -> Coordinates:
    """Take coordinates along an axis of a length to the same axis of the annotated picture."""
    return (length - points if flipped else points) * (annotated / length)


def _proportional(stated: Size, picture: Size) -> bool:
    """Return whether a picture scaled by one factor may have the stated size, once rounded."""
    low = max((s - 1) / p for s, p in zip(stated, picture, strict=True))
    high = min((s + 1) / p for s, p in zip(stated, picture, strict=True))
    return low < high


def _of_another_size(stated: Size, upright: Size) -> UnusableTruthError:
    return UnusableTruthError(
        f"the annotation is of a picture of {_named(stated)} pixels, the image has "
        f"{_named(upright)}: annotate the image itself, or a copy in its proportions"
    )


def _named(size: Size) -> str:
    return f"{size[0]} x {size[1]}"
