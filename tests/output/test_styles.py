"""Each style against its formula."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from PIL import Image

from camcli.config import OutputConfig
from camcli.output.colormaps import lookup_table
from camcli.output.levels import Levels
from camcli.output.styles import STYLES

RNG = np.random.default_rng(0)
IMAGE = Image.fromarray(RNG.integers(0, 256, (60, 80, 3), np.uint8))
LEVELS = Image.fromarray(np.tile(np.linspace(0, 255, 80).round().astype(np.uint8), (60, 1)))


def drawn(style: str, alpha: float) -> np.ndarray:
    return np.asarray(STYLES[style](IMAGE, Levels(LEVELS), "viridis", alpha)).astype(float)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_blend_and_mask_are_their_formulas(alpha: float) -> None:
    image, values = np.asarray(IMAGE).astype(float), np.asarray(LEVELS)[..., None] / 255
    colours = lookup_table("viridis")[np.asarray(LEVELS)]
    blended = (1 - alpha) * image + alpha * colours
    assert np.abs(drawn("blend", alpha) - blended).max() <= 1
    masked = image * (1 - alpha * (1 - values))
    assert np.abs(drawn("mask", alpha) - masked).max() <= 2


def test_heat_is_the_map_alone() -> None:
    assert np.array_equal(drawn("heat", 0.1), lookup_table("viridis")[np.asarray(LEVELS)])


def test_contours_lie_at_the_quarters_and_nowhere_else() -> None:
    """The map rises from left to right, so each line is upright, just inside its region."""
    changed = (drawn("contour", 1.0) != np.asarray(IMAGE)).any(axis=2)
    (columns,) = np.nonzero(changed[5:-5].all(axis=0))
    first = [int(np.argmax(np.asarray(LEVELS)[0] >= level)) for level in (64, 128, 191)]
    assert columns.tolist() == first
    assert not changed[5:-5][:, [c for c in range(79) if c not in first]].any()
    colours = [drawn("contour", 1.0)[30, column].tolist() for column in first]
    assert colours == [lookup_table("viridis")[level].tolist() for level in (64, 128, 191)]


def test_the_configuration_knows_every_style() -> None:
    assert get_args(OutputConfig.model_fields["style"].annotation) == tuple(STYLES)
    assert OutputConfig().style == "blend"
