"""One picture of an image and all of its maps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from camcli.config import OutputConfig
from camcli.output.grid import grid
from camcli.output.writers import ArtefactWriter
from camcli.records import SaliencyMap, Target
from tests.output.legends import CAT, map_over
from tests.output.made import MADE

LOOK = OutputConfig(style="heat", colormap="gray", alpha=1.0)
DOG = Target(5, "dog", 3.0, 0.25)


def pixels(image: Image.Image) -> npt.NDArray[np.float64]:
    return np.asarray(image.convert("L"), np.float64)


def tiles(image: Image.Image, rows: int, columns: int) -> list[npt.NDArray[np.float64]]:
    """The fields of a grid, in lines."""
    return [
        field
        for line in np.array_split(pixels(image), rows, axis=0)
        for field in np.array_split(line, columns, axis=1)
    ]


def level(value: float, target: Target = CAT, method: str = "lift-cam") -> SaliencyMap:
    """A map that is the same everywhere, so that its field of the grid is of one brightness."""
    values = np.full((8, 8), value, np.float32)
    return replace(map_over((200, 200), target, values), method=method)


@pytest.mark.parametrize("size", [(16, 12), (320, 240), (1600, 1200)])
def test_a_grid_is_as_legible_over_a_small_photograph_as_over_a_large_one(
    size: tuple[int, int],
) -> None:
    assert grid([map_over(size)] * 3, LOOK).size == grid([map_over((320, 240))] * 3, LOOK).size


@pytest.mark.parametrize("size", [(1300, 2), (2, 1300)])
def test_a_photograph_thinner_than_a_pixel_of_its_field_is_a_line(size: tuple[int, int]) -> None:
    shown = grid([map_over(size), replace(map_over(size), values=None, degenerate="zero")], LOOK)
    assert all((field > 50).any() for field in tiles(shown, 1, 3))


def test_every_target_of_one_method_has_its_field_behind_the_photograph() -> None:
    shown = grid([level(0.0), level(0.5, DOG), level(1.0, Target(6, "fish", 1.0, 0.1))], LOOK)
    _, dark, middle, bright = (np.median(field) for field in tiles(shown, 2, 2))
    assert dark < 30 < middle < 200 < bright


def test_every_target_has_a_line_with_the_photograph_and_every_method() -> None:
    maps = [level(v, t, m) for t, v in ((CAT, 0.0), (DOG, 1.0)) for m in ("a", "b", "c")]
    fields = [np.median(field) for field in tiles(grid(maps, LOOK), 2, 4)]
    photograph = fields[0]
    assert fields == [photograph, *[fields[1]] * 3, photograph, *[fields[5]] * 3]
    assert fields[1] < 30
    assert fields[5] > 200


def test_a_degenerate_map_is_told_in_words_on_the_photograph() -> None:
    none = replace(level(0.0), values=None, degenerate="the map is zero everywhere")
    _, one, other = tiles(grid([none, replace(none, degenerate="")], LOOK), 1, 3)
    assert (one > 200).sum() > (other > 200).sum() + 100
    assert np.median(one) < 60


def test_names_that_are_too_long_end_in_their_field() -> None:
    long = level(0.0, replace(CAT, name="W" * 200))
    short = level(0.0, replace(CAT, name="i"))
    alone, beside = grid([long, short], LOOK), grid([short, short], LOOK)
    np.testing.assert_array_equal(tiles(alone, 1, 3)[2], tiles(beside, 1, 3)[2])


def test_a_grid_is_one_file_that_every_row_of_its_image_names(tmp_path) -> None:  # type: ignore[no-untyped-def]
    none = replace(level(0.0, DOG), values=None, degenerate="the map is zero everywhere")
    writer = ArtefactWriter(tmp_path, OutputConfig(save=("maps", "grid")), MADE, True, True)
    first, second = writer.write([level(1.0), none])
    assert first["grid"] == second["grid"]
    assert list(first) == ["map", "grid"]
    assert list(second) == ["grid"]
    assert first["map"][0] == "maps/lift-cam/a.png.3.npy"
    with Image.open(tmp_path / first["grid"][0]) as image:
        assert image.info["camcli:target"] == "cat; dog"
        assert image.info["camcli:method"] == "lift-cam"
