"""A legend stands below its picture, says what is asked for, and hides nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from camcli.config import OutputConfig
from camcli.output.colormaps import lookup_table
from camcli.output.colour_bar import ends
from camcli.output.legend import text_size, with_legend
from camcli.records import MapValues, SaliencyMap
from tests.output.legends import CAT, map_over

FULL = {"caption": "full", "colorbar": True}


def drawn(size: tuple[int, int], **look: Any) -> Image.Image:
    saliency_map = map_over(size)
    assert saliency_map.item.original is not None
    return with_legend(saliency_map.item.original, saliency_map, OutputConfig(**look))


def texts_of(monkeypatch: pytest.MonkeyPatch, saliency_map: SaliencyMap, **look: Any) -> list[str]:
    """Return what is written, from the top to the bottom."""
    found: list[tuple[float, float, str]] = []

    def text(_self: object, place: tuple[float, float], words: str, *_: Any, **__: Any) -> None:
        found.append((place[1], place[0], words))

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    assert saliency_map.item.original is not None
    with_legend(saliency_map.item.original, saliency_map, OutputConfig(**look))
    return [words for *_, words in found]


@pytest.mark.parametrize(
    "size", [(1, 1), (32, 32), (300, 200), (60, 400), (1200, 40), (1500, 1000)]
)
def test_every_pixel_of_the_picture_is_kept(size: tuple[int, int]) -> None:
    found = drawn(size, **FULL)
    left = (found.width - size[0]) // 2
    kept = np.asarray(found)[: size[1], left : left + size[0]]
    assert (kept == (120, 150, 90)).all()
    assert found.height > size[1]


def test_nothing_changes_where_nothing_is_asked_for() -> None:
    saliency_map = map_over((30, 20))
    picture = saliency_map.item.original
    assert picture is not None
    assert with_legend(picture, saliency_map, OutputConfig()) is picture


@pytest.mark.parametrize(
    ("size", "expected"),
    [((32, 32), 13), ((300, 200), 13), ((840, 840), 20), ((6000, 4000), 117), ((100, 6000), 18)],
)
def test_text_is_readable_in_pictures_of_any_size(size: tuple[int, int], expected: int) -> None:
    assert text_size(size) == expected


def test_a_label_is_the_target_and_its_probability(monkeypatch: pytest.MonkeyPatch) -> None:
    assert texts_of(monkeypatch, map_over((300, 200)), caption="label") == [
        "cat",
        "probability 98.8%",
    ]


@pytest.mark.parametrize(
    ("probability", "expected"),
    [(1.0, "100%"), (0.99961, "over 99.9%"), (0.9994, "99.9%"), (0.5, "50%"), (1.2e-7, "1.2e-05%")],
)
def test_no_probability_is_rounded_up_to_certainty(
    monkeypatch: pytest.MonkeyPatch, probability: float, expected: str
) -> None:
    sure = map_over((300, 200), replace(CAT, probability=probability))
    assert texts_of(monkeypatch, sure, caption="label")[1] == f"probability {expected}"


def test_a_label_without_a_probability_has_the_score(monkeypatch: pytest.MonkeyPatch) -> None:
    value = map_over((300, 200), replace(CAT, name=None, probability=None, sign="negative"))
    assert texts_of(monkeypatch, value, caption="label") == ["against class 3", "score 12.3"]


def test_a_full_caption_has_all_figures_the_method_and_the_layer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = texts_of(monkeypatch, map_over((400, 200), replace(CAT, margin=2.5)), caption="full")
    figures = ["score 12.3, probability 98.8%", "margin 2.5"]
    assert found == ["cat", *figures, "lift-cam at features"]


def test_long_names_take_two_lines_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    named = map_over((300, 200), replace(CAT, name="a very long name " * 600))
    first, second, probability = texts_of(monkeypatch, named, caption="label")
    assert (second[-3:], probability) == ("...", "probability 98.8%")
    assert "..." not in first


def test_names_that_break_lines_or_turn_text_around_are_spelt_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hostile = map_over((400, 200), replace(CAT, name="a\nb\0c\u202ed"))
    assert texts_of(monkeypatch, hostile, caption="label")[0] == r"a\nb\x00c\u202ed"


@pytest.mark.parametrize("colormap", ["turbo", "gray", "viridis_r"])
def test_the_bar_has_the_colours_from_the_lowest_to_the_highest(colormap: str) -> None:
    found = np.asarray(drawn((300, 200), colorbar=True, colormap=colormap))
    row = found[200 + 13 // 2 + 2].astype(int)
    table = lookup_table(colormap).astype(int)
    first, last = (np.flatnonzero((row == table[end]).all(1)) for end in (0, -1))
    bar = row[first[0] : last[-1] + 1]
    expected = table[np.linspace(0, 255, len(bar)).round().astype(int)]
    assert len(bar) > 150
    assert np.array_equal(bar, expected)


def test_contours_have_ticks_in_the_bar_where_their_levels_are() -> None:
    plain, ticked = (
        np.asarray(drawn((400, 200), colorbar=True, style=style)).astype(int)
        for style in ("blend", "contour")
    )
    changed = np.flatnonzero((plain != ticked).any(2).any(0))
    white = (ticked[206] == (236, 238, 242)).all(1)
    colours = np.flatnonzero((plain[206] != plain[201]).any(1) & ~white)
    start, end = colours[0], colours[-1] + 1
    expected = [start + (end - start) * level / 255 for level in (64, 128, 191)]
    for place in expected:
        assert np.abs(changed - place).min() <= 3


@pytest.mark.parametrize(
    ("meaning", "raw", "expected"),
    [
        (MapValues(), (-0.5, 2.0), (-0.5, 2.0)),
        (MapValues(normalize="max", scale=2.0), (0.5, 2.0), (0.0, 2.0)),
        (MapValues("negative", "robust", 1.5, 3), (0.5, 2.0), (0.0, 1.5)),
        (MapValues("signed", "none", 3.0), (-0.5, 2.0), (-3.0, 3.0)),
        (MapValues(), None, (0.0, 1.0)),
        (MapValues(), (0.0, float("inf")), (0.0, 1.0)),
    ],
)
def test_the_ends_are_the_raw_values_that_became_zero_and_one(
    meaning: MapValues, raw: tuple[float, float] | None, expected: tuple[float, float]
) -> None:
    assert ends(replace(map_over((8, 8)), range=raw, meaning=meaning)) == expected


def test_the_numbers_stand_at_the_ends_of_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert texts_of(monkeypatch, map_over((300, 200)), colorbar=True) == ["-0.5", "1480"]


def test_the_bar_is_refused_where_there_are_no_colours() -> None:
    with pytest.raises(ValueError, match="mask shows the image's own colours"):
        OutputConfig(style="mask", colorbar=True)
