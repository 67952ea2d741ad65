"""The colours of every object, ground and distractor, so that no colour reveals a class."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Colour = NDArray[np.float64]

PALETTE: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {
        "red": (214, 58, 56),
        "orange": (240, 138, 44),
        "yellow": (247, 205, 70),
        "green": (84, 168, 84),
        "turquoise": (58, 178, 172),
        "blue": (62, 112, 204),
        "purple": (140, 88, 184),
        "pink": (240, 132, 172),
        "brown": (146, 98, 62),
    }
)
"""Colour name to sRGB, 0 to 255."""

_LIGHT = (250, 246, 234)
_DARK = (52, 44, 54)
_JITTER = 14.0


def _jittered(rng: np.random.Generator, rgb: tuple[int, int, int]) -> Colour:
    return np.clip(np.array(rgb) + rng.uniform(-_JITTER, _JITTER, 3), 0.0, 255.0)


def paint(rng: np.random.Generator, name: str) -> Colour:
    """Mix a slightly random shade of a palette colour: float64 RGB, 0 to 255.

    Raises `KeyError` if `name` is not in `PALETTE`.
    """
    return _jittered(rng, PALETTE[name])


def light(rng: np.random.Generator) -> Colour:
    """Mix a slightly random near-white."""
    return _jittered(rng, _LIGHT)


def dark(rng: np.random.Generator) -> Colour:
    """Mix a slightly random near-black."""
    return _jittered(rng, _DARK)


def mixed(colour: Colour, other: Colour, share: float) -> Colour:
    """Return `colour` mixed with `other`, of which it gets the given share, 0 to 1."""
    return np.asarray(colour + share * (other - colour))
