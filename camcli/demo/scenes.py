"""Cartoon scenes with exact object and part masks, drawn from a seed.

No colour, size, position or background belongs to a class: only its shapes identify an object.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from camcli.demo import palette
from camcli.demo.backdrop import distractor, ground
from camcli.demo.canvas import Canvas
from camcli.demo.layout import arrange
from camcli.demo.objects import BLUEPRINTS, Drawing, Tone
from camcli.demo.palette import PALETTE, Colour

Mask = NDArray[np.bool_]

CLASSES: tuple[str, ...] = tuple(BLUEPRINTS)
"""The ten class names, in class-index order."""

MIN_SIDE = 64
"""The shortest side of a scene, in pixels, at which its objects are still recognisable."""

MAX_OBJECTS = 3
"""The most objects one scene holds."""


@dataclass(frozen=True, eq=False)
class SceneObject:
    """One object of a scene, as far as it is visible.

    `colour` is the palette name of the object's main part; `centre` the mean (x, y) of its mask in
    pixels; `mask` a boolean array of shape (height, width); `parts` its disjoint division by part
    name. A part thinner than a pixel may have an empty mask.
    """

    class_name: str
    colour: str
    centre: tuple[float, float]
    mask: Mask
    parts: Mapping[str, Mask]


@dataclass(frozen=True, eq=False)
class Scene:
    """An RGB image and the objects in it, in drawing order."""

    image: Image.Image
    objects: tuple[SceneObject, ...]


@dataclass(frozen=True, eq=False)
class _Actor:
    """An object to be painted: its colours by tone and a canvas label for each part."""

    class_name: str
    colour: str
    drawing: Drawing
    paints: Mapping[Tone, Colour]
    labels: Mapping[str, int]

    def painted_on(self, canvas: Canvas) -> None:
        for piece in self.drawing:
            canvas.paint(piece.outline, self.paints[piece.tone], self.labels[piece.part])

    def seen_in(self, labels: NDArray[np.uint8]) -> SceneObject:
        parts = {part: labels == label for part, label in self.labels.items()}
        mask = np.logical_or.reduce(list(parts.values()))
        rows, columns = np.nonzero(mask)
        centre = (float(columns.mean()), float(rows.mean()))
        return SceneObject(self.class_name, self.colour, centre, mask, MappingProxyType(parts))


def _chosen_classes(
    rng: np.random.Generator, objects: int | None, classes: Sequence[str] | None
) -> tuple[str, ...]:
    if classes is None:
        count = int(rng.integers(1, MAX_OBJECTS + 1)) if objects is None else objects
        if not 0 <= count <= MAX_OBJECTS:
            raise ValueError(f"a scene holds 0 to {MAX_OBJECTS} objects, not {count}")
        return tuple(CLASSES[index] for index in rng.permutation(len(CLASSES))[:count])
    unknown = sorted(set(classes) - set(CLASSES))
    if unknown:
        raise ValueError(f"unknown class {unknown[0]!r}; known: {', '.join(CLASSES)}")
    if len(classes) > MAX_OBJECTS:
        raise ValueError(f"a scene holds 0 to {MAX_OBJECTS} objects, not {len(classes)}")
    if objects not in (None, len(classes)):
        raise ValueError(f"{objects} objects asked for, but {len(classes)} classes named")
    return tuple(classes)


def _paints(rng: np.random.Generator, main: str) -> Mapping[Tone, Colour]:
    others = [name for name in PALETTE if name != main]
    accent, trim = (others[index] for index in rng.permutation(len(others))[:2])
    return {
        "main": palette.paint(rng, main),
        "accent": palette.paint(rng, accent),
        "trim": palette.paint(rng, trim),
        "light": palette.light(rng),
        "dark": palette.dark(rng),
    }


def _cast(
    rng: np.random.Generator, names: Sequence[str], hues: Sequence[str], size: tuple[int, int]
) -> Iterator[_Actor]:
    fresh_label = itertools.count(1)
    for name, hue, drawing in zip(names, hues, arrange(rng, names, size), strict=True):
        parts = dict.fromkeys(piece.part for piece in drawing)
        labels = {part: next(fresh_label) for part in parts}
        yield _Actor(name, hue, drawing, _paints(rng, hue), labels)


def _strew(rng: np.random.Generator, canvas: Canvas, size: tuple[int, int]) -> None:
    """Paint distractors, at a density and relative size that do not depend on the scene's size."""
    unit = min(size)
    density = rng.uniform(5.0, 18.0)
    names = tuple(PALETTE)
    for _ in range(round(density * size[0] * size[1] / unit**2)):
        where = rng.random(2) * size
        reach = unit * 0.02 * 8.0 ** rng.random()
        name = names[rng.integers(len(names))]
        shades = (palette.paint(rng, name), palette.light(rng), palette.dark(rng))
        shade = shades[rng.choice(len(shades), p=(0.7, 0.2, 0.1))]
        canvas.paint(distractor(rng) * reach + where, shade, label=0)


def make_scene(
    seed: int,
    size: tuple[int, int] = (128, 128),
    objects: int | None = None,
    classes: Sequence[str] | None = None,
) -> Scene:
    """Draw the scene that its arguments determine.

    `size` is (width, height) in pixels, each at least `MIN_SIDE`. `classes` names what to draw, one
    object each, repeats allowed; without it, `objects` different classes (0 to `MAX_OBJECTS`, by
    default one to three) are chosen at random. A single object lies in the centred square.

    Raises `ValueError` if the size is too small, a class is unknown, the objects are too many or
    `objects` is not the number of `classes`.
    """
    if min(size) < MIN_SIDE:
        raise ValueError(f"a scene needs sides of at least {MIN_SIDE} px, not {size[0]}x{size[1]}")
    rng = np.random.default_rng(seed)
    names = _chosen_classes(rng, objects, classes)
    # One shuffle for objects and ground, so that no object's main colour recurs in either.
    hues = [tuple(PALETTE)[index] for index in rng.permutation(len(PALETTE))]
    actors = tuple(_cast(rng, names, hues[: len(names)], size))
    first, second, third = (palette.paint(rng, hue) for hue in hues[MAX_OBJECTS:][:3])
    stroke = min(size) * rng.uniform(0.004, 0.014)
    canvas = Canvas(ground(rng, size, (first, second, third)), stroke)
    _strew(rng, canvas, size)
    for actor in actors:
        actor.painted_on(canvas)
    labels = canvas.labels()
    return Scene(canvas.image(), tuple(actor.seen_in(labels) for actor in actors))
