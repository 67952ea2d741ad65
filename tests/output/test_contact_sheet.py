from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from camcli.output.contact_sheet import _named, contact_sheet
from camcli.records import Components, Geometry, ImageItem, ImageRef, SaliencyMap, Target

BAR = (255, 176, 59)


def explained(
    weights: tuple[float, ...],
    size: tuple[int, int] = (300, 200),
    probability: float | None = 0.5,
) -> SaliencyMap:
    """A grey image whose component number q is bright in column q alone."""
    count = len(weights)
    maps = np.zeros((count, 8, 8), np.float32)
    maps[np.arange(count), :, np.arange(count) % 8] = 1
    width, height = size
    item = ImageItem(
        ref=ImageRef(0, Path("a.png"), "a.png"),
        original=Image.new("RGB", size, (90, 90, 90)),
        pixels=np.zeros((8, 8, 3), np.uint8),
        geometry=Geometry(width, height, (0.0, 0.0, float(width), float(height))),
        sha256="",
    )
    return SaliencyMap(
        item=item,
        target=Target(3, "a cat with a name that is far too long for its place", 1.0, probability),
        method="lift-cam",
        layer="features",
        values=maps.max(0),
        range=(0.0, 1.0),
        completeness_error=None,
        components=Components(maps, weights, (0.1,) * count, 100),
    )


def bar_lengths(sheet: Image.Image) -> list[int]:
    """The lengths of all bars, from left to right and from top to bottom."""
    filled = (np.asarray(sheet) == BAR).all(-1)
    lengths = []
    for row in np.flatnonzero(filled.any(1) & ~np.roll(filled.any(1), 1)):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], filled[row].astype(int), [0]])))
        lengths += (edges[1::2] - edges[::2]).tolist()
    return lengths


def test_bars_are_as_long_as_the_weights_are_large() -> None:
    lengths = bar_lengths(contact_sheet(explained((0.5, 1.0, 0.0, 0.25)), "gray", 1.0))
    assert len(lengths) == 3
    assert np.array(lengths) / max(lengths) == pytest.approx([0.5, 1.0, 0.25], abs=0.01)


def test_a_score_without_a_probability_is_drawn_too() -> None:
    without = contact_sheet(explained((1.0,), probability=None), "gray", 1.0)
    assert without.size == contact_sheet(explained((1.0,)), "gray", 1.0).size


def test_every_component_is_drawn_over_the_image_in_order() -> None:
    sheet = np.asarray(contact_sheet(explained((1.0, 0.5, 0.5, 0.5, 0.5, 0.5)), "gray", 1.0))
    # Tiles of 240 x 160 pixels, 14 apart, four in a row: the photograph, the map, the components.
    for place in range(2, 8):
        row, column = divmod(place, 4)
        left, top = 14 + column * 254, 14 + row * (160 + 50 + 14)
        tile = sheet[top : top + 160, left : left + 240, 0].mean(0)
        assert tile.argmax() // 30 == place - 2
    assert (sheet[14:174, 14:254] == 90).all()


@pytest.mark.parametrize("count", [1, 2, 3, 7, 10, 23])
@pytest.mark.parametrize("size", [(300, 200), (200, 300), (40, 40)])
def test_any_number_of_components_fits(count: int, size: tuple[int, int]) -> None:
    weights = tuple(1 - number / 100 for number in range(count))
    sheet = contact_sheet(explained(weights, size), "turbo", 0.5)
    assert len(bar_lengths(sheet)) == count
    assert sheet.width < 6 * 260 + 30


def test_negative_and_zero_weights_have_bars_of_their_size() -> None:
    assert bar_lengths(contact_sheet(explained((0.0, 0.0)), "turbo", 0.5)) == []
    negative = bar_lengths(contact_sheet(explained((-1.0, 0.5)), "turbo", 0.5))
    assert negative[0] == pytest.approx(2 * negative[1], abs=1)


def test_a_caption_says_whether_the_class_is_explained_or_what_speaks_against_it() -> None:
    found = explained((1.0,))
    against = replace(found, target=Target(3, "cat", 1.0, 0.5, sign="negative"))
    assert _named(against) == "against cat 50%"
    assert _named(replace(against, target=Target(3, None, 1.0, 0.5))) == "class 3 50%"
