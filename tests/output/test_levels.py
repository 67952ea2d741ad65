"""Signed maps in colour: zero in the middle, the same distance to both sides."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from camcli.output.bare_heat import bare_heat
from camcli.output.colormaps import lookup_table
from camcli.output.levels import ZERO, Levels, drawable
from camcli.output.styles import STYLES
from camcli.records import Geometry, MapValues

SHAPE = Geometry(81, 40, (0.0, 0.0, 81.0, 40.0))
RISING = np.tile(np.linspace(-1, 1, 81, dtype=np.float32), (40, 1))
IMAGE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 81, 3), np.uint8))


def drawn(style: str, alpha: float = 0.5) -> np.ndarray:
    levels = Levels.of(RISING, signed=True)
    return np.asarray(STYLES[style](IMAGE, levels, "coolwarm", alpha)).astype(float)


def test_zero_has_the_middle_colour_and_both_ends_theirs() -> None:
    colours = drawn("heat")[0]
    table = lookup_table("coolwarm")
    assert colours[40].tolist() == table[ZERO].tolist()
    assert colours[80].tolist() == table[255].tolist()
    assert colours[0].tolist() == table[1].tolist()
    levels = np.asarray(Levels.of(RISING, signed=True).image).astype(int)[0]
    assert np.array_equal(levels - ZERO, ZERO - levels[::-1])


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_styles_are_their_formulas_of_a_signed_map(alpha: float) -> None:
    image, sizes = np.asarray(IMAGE).astype(float), np.abs(RISING)[..., None]
    blended = (1 - alpha) * image + alpha * drawn("heat")
    assert np.abs(drawn("blend", alpha) - blended).max() <= 1
    masked = image * (1 - alpha * (1 - sizes))
    assert np.abs(drawn("mask", alpha) - masked).max() <= 3


def test_contours_of_both_signs_lie_at_the_quarters() -> None:
    changed = (drawn("contour") != np.asarray(IMAGE)).any(axis=2)
    (columns,) = np.nonzero(changed[5:-5].all(axis=0))
    at = RISING[0, columns]
    assert at.tolist() == pytest.approx([-0.75, -0.5, -0.25, 0.25, 0.5, 0.75], abs=0.013)


def test_bare_heat_is_as_opaque_as_the_map_is_far_from_zero() -> None:
    alpha = np.asarray(bare_heat((81, 40), SHAPE, RISING, "coolwarm", signed=True))[..., 3]
    assert np.abs(alpha[0] / 255 - np.abs(RISING[0])).max() < 0.01
    assert alpha[0, 40] == 0


def test_raw_maps_are_drawn_by_their_scale_and_others_as_they_are() -> None:
    raw = RISING * 6
    found = drawable(raw, MapValues("signed", "none", 3.0, 9))
    assert np.allclose(found, np.clip(RISING * 2, -1, 1))
    assert drawable(raw.clip(0), MapValues("positive", "none", 12.0)).max() == 0.5
    assert drawable(RISING, MapValues("signed", "max", 3.0)) is RISING
