"""Closed outlines, the only thing the demo world draws with.

An outline is a float64 array of shape (n, 2): the (x, y) corners of a polygon, y pointing down.
Curves are outlines with many corners, so one affine map and one fill serve every shape.
"""

import math

import numpy as np
from numpy.typing import NDArray

Outline = NDArray[np.float64]
Point = tuple[float, float]

_CURVE_STEPS = 28


def polygon(*corners: Point) -> Outline:
    """Return the outline through the given corners."""
    return np.array(corners, dtype=np.float64)


def rectangle(left: float, top: float, right: float, bottom: float) -> Outline:
    """Return an upright rectangle."""
    return polygon((left, top), (right, top), (right, bottom), (left, bottom))


def ellipse(
    centre: Point, rx: float, ry: float, start: float = 0.0, stop: float = 360.0
) -> Outline:
    """Return an ellipse, or its piece from `start` to `stop` degrees closed by a chord.

    Angles run clockwise from the positive x axis, so 180 to 360 is the upper half.
    """
    closed = stop - start >= 360.0
    angles = np.radians(np.linspace(start, stop, _CURVE_STEPS, endpoint=not closed))
    return np.stack([centre[0] + rx * np.cos(angles), centre[1] + ry * np.sin(angles)], axis=1)


def circle(centre: Point, radius: float) -> Outline:
    """Return a full circle."""
    return ellipse(centre, radius, radius)


def rounded(left: float, top: float, right: float, bottom: float, radius: float) -> Outline:
    """Return an upright rectangle with circular corners."""
    turn = np.radians(np.linspace(0.0, 90.0, 6))
    corners = ((right, bottom), (left, bottom), (left, top), (right, top))
    inward = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    arcs = [
        np.stack(
            [
                x + sx * radius + radius * np.cos(turn + quarter * math.pi / 2),
                y + sy * radius + radius * np.sin(turn + quarter * math.pi / 2),
            ],
            axis=1,
        )
        for quarter, ((x, y), (sx, sy)) in enumerate(zip(corners, inward, strict=True))
    ]
    return np.concatenate(arcs)


def star(centre: Point, outer: float, inner: float, spikes: int) -> Outline:
    """Return a star whose corners alternate between two radii."""
    angles = np.arange(2 * spikes) * (math.pi / spikes)
    radii = np.where(np.arange(2 * spikes) % 2 == 0, outer, inner)
    return np.stack(
        [centre[0] + radii * np.sin(angles), centre[1] - radii * np.cos(angles)], axis=1
    )


def blob(rng: np.random.Generator, centre: Point, radius: float, wobble: float) -> Outline:
    """Return a smooth closed curve whose radius strays from `radius` by about `wobble` of it."""
    angles = np.linspace(0.0, 2 * math.pi, _CURVE_STEPS, endpoint=False)
    radii = np.full(_CURVE_STEPS, radius)
    for waves in (2, 3, 5):
        height = radius * wobble * rng.uniform(-1.0, 1.0) / math.sqrt(waves)
        radii += height * np.sin(waves * angles + rng.uniform(0.0, 2 * math.pi))
    return np.stack(
        [centre[0] + radii * np.cos(angles), centre[1] + radii * np.sin(angles)], axis=1
    )


def band(path: Outline, width: float) -> Outline:
    """Return a strip of constant width along an open path of at least two points."""
    heading = np.gradient(path, axis=0)
    heading /= np.linalg.norm(heading, axis=1, keepdims=True)
    side = np.stack([-heading[:, 1], heading[:, 0]], axis=1) * (width / 2)
    return np.concatenate([path + side, (path - side)[::-1]])


def curve(start: Point, control: Point, end: Point) -> Outline:
    """Return an open quadratic arc from `start` to `end` pulled towards `control`, for `band`."""
    t = np.linspace(0.0, 1.0, 10)[:, None]
    a, b, c = (np.array(point) for point in (start, control, end))
    return np.asarray((1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c)


def turned(outline: Outline, degrees: float, mirrored: bool = False) -> Outline:
    """Mirror the outline left to right if asked, then rotate it clockwise about the origin."""
    angle = math.radians(degrees)
    flip = -1.0 if mirrored else 1.0
    matrix = np.array(
        [[flip * math.cos(angle), flip * math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
    )
    return np.asarray(outline @ matrix)


def grown(outline: Outline, distance: float) -> Outline:
    """Move every corner outwards by `distance`, or inwards if it is negative."""
    after, before = np.roll(outline, -1, axis=0), np.roll(outline, 1, axis=0)
    winding = np.sign(np.sum(outline[:, 0] * after[:, 1] - outline[:, 1] * after[:, 0]))
    heading = after - before
    outwards = np.stack([heading[:, 1], -heading[:, 0]], axis=1) * winding
    length = np.linalg.norm(outwards, axis=1, keepdims=True)
    return np.asarray(outline + outwards * (distance / np.maximum(length, 1e-9)))
