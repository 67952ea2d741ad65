"""Where the objects of a scene are, how large, and how they are rotated."""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from camcli.demo.objects import BLUEPRINTS, Drawing, Piece
from camcli.demo.shapes import Outline, turned

# Longer sides of objects as fractions of the scene's shorter side.
_LONE_SCALES = (0.36, 0.72)
_SHARED_SCALES = (0.26, 0.52)
_MARGIN = 0.03
_TILT = 12.0
_ELBOW_ROOM = 0.94


def _corners(drawing: Drawing) -> Outline:
    return np.concatenate([piece.outline for piece in drawing])


def _moved(drawing: Drawing, factor: float, shift: Outline) -> Drawing:
    return tuple(Piece(piece.part, piece.tone, piece.outline * factor + shift) for piece in drawing)


def _posed(rng: np.random.Generator, class_name: str) -> Drawing:
    """Draw the class afresh, tilted and perhaps mirrored, its longer side 1 about the origin."""
    tilt, mirrored = rng.uniform(-_TILT, _TILT), bool(rng.random() < 0.5)
    drawing = tuple(
        Piece(piece.part, piece.tone, turned(piece.outline, tilt, mirrored))
        for piece in BLUEPRINTS[class_name](rng)
    )
    corners = _corners(drawing)
    low, high = corners.min(axis=0), corners.max(axis=0)
    factor = 1.0 / float((high - low).max())
    return _moved(drawing, factor, -(low + high) / 2 * factor)


def _apart(centres: NDArray[np.float64], halves: NDArray[np.float64]) -> bool:
    """Return whether no two boxes, as centres and half sizes (n, 2), overlap notably."""
    return all(
        bool((np.abs(centres[a] - centres[b]) > _ELBOW_ROOM * (halves[a] + halves[b])).any())
        for a, b in itertools.combinations(range(len(centres)), 2)
    )


def arrange(
    rng: np.random.Generator, names: Sequence[str], size: tuple[int, int]
) -> tuple[Drawing, ...]:
    """Draw one object per class name, apart from each other, in the pixel coordinates of a frame.

    `size` is (width, height). A single object stays inside the centred square, so that it survives
    a centre crop.
    """
    if not names:
        return ()
    unit = float(min(size))
    alone = len(names) == 1
    drawings = [_posed(rng, name) for name in names]
    scales = unit * rng.uniform(*(_LONE_SCALES if alone else _SHARED_SCALES), len(names))
    frame = np.array((unit, unit) if alone else size, dtype=np.float64)
    corner = (np.array(size) - frame) / 2 + _MARGIN * unit
    extents = np.array([np.ptp(_corners(drawing), axis=0) for drawing in drawings])
    while True:
        halves = extents * scales[:, None] / 2
        room = frame - 2 * (halves + _MARGIN * unit)
        centres = corner + halves + rng.random(room.shape) * room
        if _apart(centres, halves):
            break
        # Crowded frames must end, too: the objects shrink a little each time until they fit.
        scales *= 0.99
    return tuple(
        _moved(drawing, scale, centre)
        for drawing, scale, centre in zip(drawings, scales.tolist(), centres, strict=True)
    )
