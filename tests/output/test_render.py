from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from camcli.config.colormaps import COLORMAPS
from camcli.images.geometry import geometry as geometry_of
from camcli.output.colormaps import lookup_table
from camcli.output.render import over_original, overlay
from camcli.records import Geometry, Preprocess

_PREPROCESS = Preprocess(256, (224, 224), (0.0,) * 3, (1.0,) * 3)
_PHOTOS = Path(__file__).parents[2].parent / "shared" / "data" / "photos"


def _image(width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(width + height)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8))


def _ramp(size: int = 224) -> np.ndarray:
    """A map that rises from left to right."""
    return np.tile(np.linspace(0, 1, size, dtype=np.float32), (size, 1))


def _expected_levels(values: np.ndarray, geometry: Geometry) -> np.ndarray:
    """The slow oracle: every pixel's centre looked up bilinearly in the map, NaN outside."""
    left, top, right, bottom = geometry.crop_box
    height, width = values.shape
    levels = np.full((geometry.height, geometry.width), np.nan)
    for row in range(geometry.height):
        for column in range(geometry.width):
            x = (column + 0.5 - left) / (right - left) * width - 0.5
            y = (row + 0.5 - top) / (bottom - top) * height - 0.5
            if not (-0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5):
                continue
            x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
            i, j = min(int(y), height - 2), min(int(x), width - 2)
            v, u = y - i, x - j
            upper = values[i, j] * (1 - u) + values[i, j + 1] * u
            lower = values[i + 1, j] * (1 - u) + values[i + 1, j + 1] * u
            levels[row, column] = upper * (1 - v) + lower * v
    return levels * 255


@pytest.mark.parametrize(
    ("width", "height", "box"),
    [
        (90, 60, (20.3, 4.6, 70.8, 55.1)),
        (60, 90, (0.0, 0.0, 60.0, 90.0)),
        (40, 40, (-10.5, -7.25, 50.5, 47.25)),
        (50, 30, (12.5, -20.0, 37.5, 50.0)),
    ],
)
def test_the_map_lies_where_the_network_looked(
    width: int, height: int, box: tuple[float, float, float, float]
) -> None:
    rng = np.random.default_rng(3)
    values = rng.random((7, 9)).astype(np.float32)
    values[0, 0], values[-1, -1] = 0, 1
    shape = Geometry(width, height, box)
    drawn = overlay(_image(width, height), shape, values, "gray", 1.0)
    levels = _expected_levels(values, shape)
    seen = ~np.isnan(levels)
    # Edges lie on whole pixels, at most half of one away from the box.
    steepest = 255 * 0.5 * max(9 / (box[2] - box[0]), 7 / (box[3] - box[1]))
    as_floats = over_original(values, shape)
    assert as_floats.dtype == np.float32
    assert not as_floats[~seen].any()
    for found in (np.asarray(drawn)[..., 0].astype(float), as_floats * 255.0):
        difference = np.abs(found - levels)[seen]
        assert difference.max() <= steepest + 2
        assert difference.mean() <= 2 + steepest / 5


@pytest.mark.parametrize("size", [(500, 375), (375, 500), (256, 256), (60, 60), (40, 300)], ids=str)
@pytest.mark.parametrize("colormap", COLORMAPS)
def test_the_seen_part_is_an_exact_blend(size: tuple[int, int], colormap: str) -> None:
    image, shape = _image(*size), geometry_of(_PREPROCESS, *size)
    values = np.full((7, 7), 0.6, np.float32)
    drawn = np.asarray(overlay(image, shape, values, colormap, 0.3)).astype(float)
    left, top, right, bottom = (round(edge) for edge in shape.crop_box)
    expected = np.asarray(image) * 0.7 + lookup_table(colormap)[153] * 0.3
    inside = slice(top, bottom), slice(left, right)
    assert np.abs(drawn[inside] - expected[inside]).max() <= 1


def test_opacity() -> None:
    image, shape = _image(30, 30), Geometry(30, 30, (0, 0, 30, 30))
    none = overlay(image, shape, _ramp(), "turbo", 0.0)
    full = overlay(image, shape, np.zeros((5, 5), np.float32), "turbo", 1.0)
    np.testing.assert_array_equal(np.asarray(none), np.asarray(image))
    assert (np.asarray(full) == lookup_table("turbo")[0]).all()


@pytest.mark.parametrize("size", [(500, 375), (375, 500), (256, 256)], ids=str)
def test_the_unseen_part_is_grey_dark_and_set_off_by_a_line(size: tuple[int, int]) -> None:
    image, shape = _image(*size), geometry_of(_PREPROCESS, *size)
    drawn = np.asarray(overlay(image, shape, _ramp(), "turbo", 0.5)).astype(int)
    left, top, right, bottom = (round(edge) for edge in shape.crop_box)
    outside = np.ones(drawn.shape[:2], bool)
    outside[top - 4 : bottom + 4, left - 4 : right + 4] = False
    assert np.ptp(drawn[outside], axis=1).max() == 0
    assert drawn[outside].max() < 150
    grey = np.asarray(image.convert("L")).astype(int)
    assert np.corrcoef(drawn[outside][:, 0], grey[outside])[0, 1] > 0.99
    for line in (
        *(drawn[top - 1, left:right], drawn[bottom, left:right]),
        *(drawn[top:bottom, left - 1], drawn[top:bottom, right]),
    ):
        assert (line == 255).all()


def test_an_image_that_was_seen_whole_has_no_line() -> None:
    image, shape = _image(64, 48), Geometry(64, 48, (0, 0, 64, 48))
    drawn = np.asarray(overlay(image, shape, np.zeros((6, 8), np.float32), "gray", 0.5))
    assert np.abs(drawn * 2.0 - np.asarray(image)).max() <= 2


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 3), (1, 20_000)], ids=str)
def test_tiny_and_extreme_images_are_drawn(size: tuple[int, int]) -> None:
    image = _image(*size)
    drawn = overlay(image, geometry_of(_PREPROCESS, *size), _ramp(), "viridis", 0.5)
    assert drawn.size == size
    assert drawn.mode == "RGB"


def test_over_a_smaller_copy_the_map_lies_in_the_same_place() -> None:
    image, shape = _image(500, 376), geometry_of(_PREPROCESS, 500, 376)
    small = image.resize((250, 188), Image.Resampling.BOX)
    drawn = overlay(small, shape, _ramp(), "gray", 1.0)
    assert drawn.size == (250, 188)
    whole = np.asarray(overlay(image, shape, _ramp(), "gray", 1.0))[::2, ::2].astype(int)
    inside = slice(14, 174), slice(46, 204)
    assert np.abs(np.asarray(drawn)[inside] - whole[inside]).max() <= 2


def test_the_image_and_the_map_are_left_alone() -> None:
    image, values = _image(50, 40), _ramp()
    before = image.tobytes(), values.tobytes()
    overlay(image, geometry_of(_PREPROCESS, 50, 40), values, "turbo", 0.5)
    assert (image.tobytes(), values.tobytes()) == before


@pytest.mark.skipif(not _PHOTOS.is_dir(), reason="the photographs are not here")
def test_on_a_real_photograph_the_hot_spot_is_where_the_map_peaks() -> None:
    with Image.open(sorted(_PHOTOS.iterdir())[0]) as image:
        picture = image.convert("RGB")
    rows, columns = np.mgrid[:224, :224]
    values = np.exp(-((rows - 60) ** 2 + (columns - 150) ** 2) / 800).astype(np.float32)
    shape = geometry_of(_PREPROCESS, *picture.size)
    hot = np.asarray(overlay(picture, shape, values, "gray", 1.0)).astype(float)[..., 0]
    left, top, right, bottom = (round(edge) for edge in shape.crop_box)
    row, column = np.unravel_index(
        hot[top:bottom, left:right].argmax(), (bottom - top, right - left)
    )
    assert row / (bottom - top) * 224 == pytest.approx(60, abs=3)
    assert column / (right - left) * 224 == pytest.approx(150, abs=3)


@pytest.mark.parametrize("name", COLORMAPS)
def test_colour_maps_agree_with_matplotlibs(name: str) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    expected = matplotlib.colormaps[name](np.arange(256))[:, :3] * 255
    table = lookup_table(name)
    assert table.dtype == np.uint8
    assert table.shape == (256, 3)
    assert np.abs(table - expected).max() <= 0.5 + 1e-6


def test_colour_maps_are_shared_and_read_only() -> None:
    assert lookup_table("turbo") is lookup_table("turbo")
    with pytest.raises(ValueError, match="read-only"):
        lookup_table("turbo")[0, 0] = 1


def test_an_unknown_colour_map_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        lookup_table("no such map")


def test_a_reversed_colour_map_runs_the_other_way() -> None:
    assert (lookup_table("viridis_r") == lookup_table("viridis")[::-1]).all()


def test_a_name_of_several_collections_means_matplotlibs_and_warns_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ends = lookup_table("coolwarm")[[0, -1]].tolist()
    assert ends == [[59, 76, 192], [180, 4, 38]]
    assert caplog.records == []
