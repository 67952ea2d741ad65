"""Text fits its place, and no letter becomes a box."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ImageFont

from camcli.output.lettering import Lettering, rounded, shortened, wrapped

PILLOWS = Lettering()
FONT = PILLOWS.at(16)
LONG = "a photograph of a small cat that lies on a woollenblanketwithoutanyspaceinit and sleeps"


def test_what_the_font_lacks_is_spelt_out() -> None:
    assert PILLOWS.spelt("caf\u00e9 \u732b") == r"caf\xe9 \u732b"
    assert PILLOWS.spelt("plain text, 100%") == "plain text, 100%"


@pytest.mark.parametrize(
    "hostile", ["\0", "\n", "\t", "\x1b", "\u202e", "\u200f", "\ud8ff", "\u2028"]
)
def test_what_controls_text_is_spelt_out(hostile: str) -> None:
    spelt = PILLOWS.spelt(f"a{hostile}b")
    assert hostile not in spelt
    assert spelt.startswith("a\\")
    FONT.getlength(spelt)  # raises for a line break


def test_a_font_that_has_the_letters_draws_them() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    file = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    assert Lettering(str(file)).spelt("caf\u00e9 \u043a\u043e\u0448\u043a\u0430 \u732b") == (
        "caf\u00e9 \u043a\u043e\u0448\u043a\u0430 \\u732b"
    )


def test_ten_thousand_letters_end_in_dots() -> None:
    assert PILLOWS.spelt("x" * 10_000) == "x" * 500 + "..."


@pytest.mark.parametrize("width", [20, 60, 200, 333])
def test_a_shortened_text_fills_its_place_and_no_more(width: int) -> None:
    short = shortened(LONG, width, FONT)
    assert FONT.getlength(short) <= width
    assert LONG.startswith(short.removesuffix("...").rstrip())
    longer = LONG[: len(short) - 3 + 2]
    assert FONT.getlength(f"{longer}...") > width


def test_a_text_that_fits_is_whole() -> None:
    assert shortened("cat", 100, FONT) == "cat"
    assert wrapped("cat", 100, FONT, 2) == ["cat"]


def test_lines_break_at_spaces_and_inside_words_that_are_too_wide() -> None:
    lines = wrapped(LONG, 120, FONT, 20)
    assert max(map(FONT.getlength, lines)) <= 120
    assert lines[0] == "a photograph of"
    assert "".join(lines).replace(" ", "") == LONG.replace(" ", "")


def test_the_last_line_is_shortened() -> None:
    first, last = wrapped(LONG, 120, FONT, 2)
    assert (first, last[-3:]) == ("a photograph of", "...")
    assert FONT.getlength(last) <= 120


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.02219, "0.0222"), (1480.4, "1480"), (-12.345, "-12.3"), (0, "0"), (1.23456e7, "1.23e+07")],
)
def test_numbers_have_three_digits(value: float, expected: str) -> None:
    assert rounded(value) == expected


def test_pillow_without_a_file_is_the_font_of_pillow() -> None:
    assert PILLOWS.at(20).getlength("camcli") == ImageFont.load_default(20).getlength("camcli")
