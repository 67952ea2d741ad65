"""The guide's pictures are all shown, and are what camcli draws today."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docs.pictures.__main__ import FOLDER, PICTURES
from docs.pictures.strip import GAP, TITLE, laid_out
from docs.pictures.strips import STRIPS

DOCS = FOLDER.parent


def test_every_picture_is_made_by_the_repository_and_shown_on_a_page() -> None:
    kept = {path.stem for path in FOLDER.iterdir()}
    assert kept == {*PICTURES, "overview"}
    text = "".join(path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md"))
    assert [name for name in kept if f"assets/{name}.png)" not in text] == []


def test_pictures_stand_in_a_row_below_their_titles() -> None:
    red, blue = (Image.new("RGB", (40, 30), colour) for colour in ("red", "blue"))
    found = laid_out(["one", "two"], [red, blue])
    assert found.size == (2 * 40 + 3 * GAP, 30 + TITLE + 2 * GAP)
    assert found.getpixel((GAP, TITLE + GAP)) == (255, 0, 0)
    assert found.getpixel((2 * GAP + 40, TITLE + GAP)) == (0, 0, 255)


@pytest.mark.slow
def test_a_picture_is_what_is_drawn_today(tmp_path: Path) -> None:
    name, place = "signed", 3
    drawn = np.asarray(STRIPS[name][place].draw(tmp_path), np.float64)
    height, width = drawn.shape[:2]
    with Image.open(FOLDER / f"{name}.png") as sheet:
        assert sheet.width == GAP + 4 * (width + GAP)
        left, top = GAP + place * (width + GAP), TITLE + GAP
        shown = np.asarray(sheet.convert("RGB").crop((left, top, left + width, top + height)))
    assert np.abs(shown - drawn).mean() < 0.5, "run `make overview`"
