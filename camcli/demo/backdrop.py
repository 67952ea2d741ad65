"""What lies behind the objects: a textured ground, and distractor shapes."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from camcli.demo import palette
from camcli.demo.objects import BLUEPRINTS
from camcli.demo.palette import Colour
from camcli.demo.shapes import Outline, band, blob, curve, ellipse, polygon, star, turned

Field = NDArray[np.float64]

# How steeply a pattern changes from one colour to the other: low is blurred, high hard-edged.
_EDGE_SLOPE = 3.0


def _value_noise(rng: np.random.Generator, size: tuple[int, int], cell: float) -> Field:
    """Smooth noise in 0 to 1, shape (height, width), whose bumps are `cell` pixels apart."""
    width, height = size
    grid = rng.random((math.ceil(height / cell) + 1, math.ceil(width / cell) + 1))
    coarse = Image.fromarray(grid.astype(np.float32))
    return np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), dtype=np.float64)


def _pattern(rng: np.random.Generator, size: tuple[int, int]) -> Field:
    """Stripes, checks, dots or nothing, in 0 to 1, shape (height, width)."""
    width, height = size
    pitch = min(size) * rng.uniform(0.06, 0.2)
    angle = rng.uniform(0.0, math.pi)
    x = np.arange(width)[None, :] / pitch * 2 * math.pi
    y = np.arange(height)[:, None] / pitch * 2 * math.pi
    across = np.sin(x * math.cos(angle) + y * math.sin(angle))
    along = np.sin(y * math.cos(angle) - x * math.sin(angle))
    fields = (
        across,
        across * along * 2,
        across + along - 1.0,
        np.full((height, width), -1.0),
    )
    return np.clip(0.5 + _EDGE_SLOPE * fields[rng.integers(len(fields))], 0.0, 1.0)


def ground(
    rng: np.random.Generator, size: tuple[int, int], colours: tuple[Colour, Colour, Colour]
) -> Image.Image:
    """Paint a textured ground in washed-out versions of three colours, an RGB image of `size`.

    All lengths are fractions of the shorter side, so it looks alike at every size.
    """
    unit = min(size)
    white = np.full(3, 255.0)
    wash = rng.uniform(0.25, 0.65)
    first, second, third = (palette.mixed(colour, white, wash) for colour in colours)
    clouds = 0.6 * _value_noise(rng, size, unit / 3) + 0.4 * _value_noise(rng, size, unit / 9)
    grain = _value_noise(rng, size, unit / 40) - 0.5
    pattern = _pattern(rng, size) * rng.uniform(0.1, 0.5)
    blend = np.clip(clouds * 2 - 0.5, 0.0, 1.0)[..., None]
    image = first + blend * (second - first)
    image += pattern[..., None] * (third - image)
    image += grain[..., None] * rng.uniform(4.0, 34.0)
    return Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))


def _plain_shape(rng: np.random.Generator) -> Outline:
    kind = rng.integers(7)
    if kind == 0:
        return rng.uniform(-1.0, 1.0, (3, 2))
    if kind == 1:
        slant, top = rng.uniform(0.0, 0.6), rng.uniform(0.2, 1.0)
        return polygon((-1.0 + slant, -top), (1.0 - slant, -top), (1.0, top), (-1.0, top))
    if kind == 2:
        return ellipse((0.0, 0.0), 1.0, rng.uniform(0.3, 1.0))
    if kind == 3:
        return ellipse((0.0, 0.0), 1.0, rng.uniform(0.5, 1.0), 180.0, 360.0)
    if kind == 4:
        return star((0.0, 0.0), 1.0, rng.uniform(0.4, 0.8), int(rng.integers(4, 9)))
    if kind == 5:
        middle = (rng.uniform(-0.5, 0.5), rng.uniform(-1.0, 1.0))
        return band(curve((-1.0, 0.0), middle, (1.0, 0.0)), rng.uniform(0.05, 0.3))
    return blob(rng, (0.0, 0.0), 0.9, 0.3)


def _fragment(rng: np.random.Generator) -> Outline:
    """One piece torn off a random object: a lone wheel, roof or petal must not name a class."""
    blueprints = tuple(BLUEPRINTS.values())
    drawing = blueprints[rng.integers(len(blueprints))](rng)
    outline = drawing[rng.integers(len(drawing))].outline
    middle = (outline.min(axis=0) + outline.max(axis=0)) / 2
    centred = outline - middle
    return np.asarray(centred / np.abs(centred).max())


def distractor(rng: np.random.Generator) -> Outline:
    """Return a shape that is no object, turned at random, reaching about 1 from the origin."""
    shape = _fragment(rng) if rng.random() < 0.4 else _plain_shape(rng)
    return turned(shape, rng.uniform(0.0, 360.0))
