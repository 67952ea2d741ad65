"""The page in a real browser, opened from the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from camcli.gallery.build import build_gallery
from camcli.gallery.source import read_runs
from camcli.gallery.truth import read_truth
from tests.gallery.conftest import ANSWERS, HOSTILE

Opened = Callable[..., Any]

HOSTILE_SHOWN = HOSTILE.replace("\u202e", r"\u202e")

pytestmark = pytest.mark.slow


@pytest.fixture
def page(browser: Any, run: Path, another: Path, tmp_path: Path) -> Iterator[Opened]:
    """Return what opens the page of one run, or of two, and fails where it complains."""
    complaints: list[str] = []
    opened = []

    def show(state: str = "", several: bool = False, width: int = 1280) -> Any:
        folder = tmp_path / f"page{several}"
        runs = read_runs([run, another] if several else [run])
        built = build_gallery(runs, folder, read_truth("folder", runs).by_image)
        tab = browser.new_page(viewport={"width": width, "height": 800})
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto(f"{built.page.as_uri()}{state}")
        tab.wait_for_selector("body[data-ready]")
        opened.append(tab)
        return tab

    yield show
    for tab in opened:
        tab.close()
    assert complaints == []


def shown(tab: Any) -> list[str]:
    """Return the names of the images on the page, in order."""

    def read(card: Any) -> str:
        return "".join(card.locator(".folders, .file").all_text_contents())

    cards = tab.locator(".card")
    found = [(cards.nth(i).bounding_box(), read(cards.nth(i))) for i in range(cards.count())]
    return [name for box, name in sorted(found, key=lambda one: (one[0]["y"], one[0]["x"]))]


def test_filters_sorting_and_the_address(page: Opened) -> None:
    tab = page()
    assert len(shown(tab)) == 6
    tab.select_option("#status", "failed")
    assert shown(tab) == ["dog/broken.png"]
    tab.select_option("#status", "")
    tab.select_option("#class", label="dog")
    assert shown(tab) == ["cat/2.png", "dog/3.png"]
    tab.select_option("#right", "wrong")
    assert shown(tab) == ["cat/2.png"]
    assert "class=dog" in tab.url
    assert "right=wrong" in tab.url
    tab.click("text=Clear")
    tab.select_option("#right", "wrong")
    tab.select_option("#sort", "wrong")
    assert shown(tab) == ["cat/2.png", f"dog/{HOSTILE_SHOWN}", "dog/4.png"]
    tab.click("text=Clear")
    tab.select_option("#sort", "unsure")
    assert shown(tab)[:2] == ["dog/3.png", "dog/4.png"]
    assert shown(tab)[-1] == "dog/broken.png", "what has no probability comes last"
    tab.fill("#low", "0.65")
    assert shown(tab) == [f"dog/{HOSTILE_SHOWN}", "cat/2.png", "cat/1.png"]
    tab.fill("#low", "")
    tab.fill("#error", "0.05")
    assert shown(tab) == ["cat/2.png", "cat/1.png"]
    tab.fill("#error", "")
    tab.fill("#q", "CAT 2")
    assert shown(tab) == ["cat/2.png"]
    assert tab.text_content("#count") == "1 of 6 shown"


def test_an_address_opens_what_it_was_copied_from(page: Opened) -> None:
    first = page("#class=dog&sort=unsure&image=cat%2F2.png")
    assert first.text_content("#viewer-title") == "cat/2.png"
    assert first.text_content("#position") == "2 of 2"
    assert first.input_value("#sort") == "unsure"


def test_an_address_of_a_later_image_shows_its_row_and_goes_on_from_there(page: Opened) -> None:
    tab = page("#sort=name&image=dog%2F3.png")
    tab.wait_for_selector("#details dd")
    assert "dog/3.png" in tab.text_content("#details")
    place = int(tab.text_content("#position").split()[0])
    assert place > 1
    tab.keyboard.press("ArrowRight")
    assert tab.text_content("#position") == f"{place + 1} of 6"
    tab.evaluate("location.hash = 'sort=name&image=cat%2F1.png'")
    tab.locator("#viewer-title", has_text="cat/1.png").wait_for()


def test_a_wrong_answer_is_told_by_more_than_its_colour(page: Opened) -> None:
    tab = page("#right=wrong&class=dog")
    assert tab.locator(".card .what").text_content() == "✗ dog"
    tab.locator(".card").click()
    assert "wrong: it is cat" in tab.text_content("figcaption")
    tab.keyboard.press("Escape")
    tab.fill("#q", "nothing is called this")
    assert tab.is_visible("#nothing")


def test_long_names_keep_the_end_that_tells_them_apart(page: Opened) -> None:
    tab = page("#q=1.png")
    name = tab.locator(".card .name")
    tab.evaluate("document.querySelector('.folders').textContent = 'a/long/folder/of/images/'")
    whole, end = name.bounding_box(), name.locator(".file").bounding_box()
    assert end["x"] + end["width"] <= whole["x"] + whole["width"] + 1


def test_all_runs_of_an_image_fit_a_telephone(page: Opened) -> None:
    tab = page(several=True, width=390)
    for cell in tab.locator(".card").first.locator(".cell").all():
        box = cell.bounding_box()
        assert box["x"] + box["width"] <= 390


def test_the_keyboard_is_enough(page: Opened) -> None:
    tab = page()
    tab.keyboard.press("/")
    tab.keyboard.type("dog")
    # Three images, and the one that is taken for a dog.
    assert len(shown(tab)) == 5
    tab.keyboard.press("Escape")
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Enter")
    assert tab.is_visible("#viewer")
    assert tab.text_content("#position") == "2 of 5"
    tab.keyboard.press("ArrowRight")
    assert tab.text_content("#position") == "3 of 5"
    tab.keyboard.press("Escape")
    assert not tab.is_visible("#viewer")
    assert tab.evaluate("document.activeElement.textContent").endswith(shown(tab)[2])
    tab.keyboard.press("?")
    assert tab.is_visible("#help")


def test_the_viewer_lays_the_map_over_the_image(page: Opened) -> None:
    tab = page("#image=cat%2F1.png", several=True)
    tab.wait_for_selector("#details dd")
    photo, heat = (tab.locator(f".canvas {of}").first for of in (".photo", ".heat"))
    assert photo.evaluate("image => image.naturalWidth") == 192
    around, inside = photo.bounding_box(), heat.bounding_box()
    assert inside["x"] - around["x"] == pytest.approx(around["width"] * 32 / 192, abs=1)
    assert inside["width"] == pytest.approx(around["width"] * 128 / 192, abs=1)
    assert heat.evaluate("layer => layer.style.opacity") == "0.5"
    tab.fill("#opacity", "80")
    assert heat.evaluate("layer => layer.style.opacity") == "0.8"
    tab.check("input[value=original]")
    assert heat.evaluate("layer => layer.style.opacity") == "0"
    tab.check("input[value=difference]")
    changed = tab.locator(".canvas .difference").first
    assert changed.evaluate("layer => layer.style.opacity") == "0.8"
    assert "completeness error" in tab.text_content("#details")


def test_runs_stand_side_by_side_the_most_changed_first(page: Opened) -> None:
    tab = page("#sort=changed", several=True)
    assert shown(tab)[0] == "dog/3.png"
    worst = tab.locator(".card").first
    assert worst.locator(".cell").count() == 2
    told = worst.locator(".alike").text_content()
    assert 0 <= float(told.removeprefix("cosine ")) < 0.5
    assert told in worst.get_attribute("aria-label")


def test_a_telephone_shows_it_without_scrolling_sideways(page: Opened) -> None:
    tab = page(several=True, width=390)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    tab.locator(".card").first.click()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.locator("#viewer-title").bounding_box()["width"] > 200


def test_names_and_labels_do_nothing(page: Opened) -> None:
    tab = page(f"#sort=name&q={HOSTILE[:4]}".replace("<", "%3C"))
    (name,) = shown(tab)
    assert name == f"dog/{HOSTILE_SHOWN}"
    assert "\u202e" not in tab.locator("body").inner_html()
    tab.locator(".card").first.click()
    tab.wait_for_selector("#details dd")
    assert tab.locator("#viewer img[src=x], #grid img[src=x], b").count() == 0
    assert "owned" not in tab.title()


def test_every_control_has_a_name(page: Opened) -> None:
    tab = page()
    nameless = tab.evaluate(
        """() => [...document.querySelectorAll('button, input, select')].filter(
            (e) => !e.textContent.trim() && !e.getAttribute('aria-label') && !e.labels?.length
        ).map((e) => e.outerHTML)"""
    )
    assert nameless == []
    label = tab.locator(".card").first.get_attribute("aria-label")
    assert label == f"{ANSWERS[0][2]}, cat 95.0 %, 1 of 6"
