"""The guide's pictures of the page that `report` and `diff --report` make; they need Chromium."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from camcli.gallery.build import build_gallery
from camcli.gallery.source import read_runs
from docs.pictures.strip import SAMPLES, explain

_WIDE, _NARROW = 1040, 390
_METHODS = {name: ("--method", name) for name in ("lift-cam", "decom-cam")}
_BEFORE_AND_AFTER = {"golden": (), "new": ("--layer", "stages.2")}


def report(folder: Path) -> Image.Image:
    """Return the page of two methods on a wide screen, and beside it on a telephone."""
    with _page(folder, _METHODS) as shot:
        return _in_few_colours(_beside(shot(_WIDE, 640, ""), shot(_NARROW, 640, "")))


def difference(folder: Path) -> Image.Image:
    """Return the page of `diff --report`, the most changed image looked at closely."""
    with _page(folder, _BEFORE_AND_AFTER) as shot:
        return _in_few_colours(shot(_WIDE, 640, "#sort=changed", closely=True))


@contextmanager
def _page(folder: Path, options: Mapping[str, Sequence[str]]) -> Iterator[Any]:
    """Make the page of runs with these options, and give what takes a picture of it."""
    from playwright.sync_api import sync_playwright

    for name, chosen in options.items():
        explain(str(SAMPLES), *chosen, "-o", str(folder / name), "-q", "--no-compile")
    page = build_gallery(read_runs([folder / name for name in options]), folder / "page").page
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )

        def shot(width: int, height: int, address: str, closely: bool = False) -> Image.Image:
            tab = browser.new_page(viewport={"width": width, "height": height})
            tab.goto(f"{page.as_uri()}{address}")
            tab.wait_for_selector("body[data-ready]")
            if closely:
                tab.locator(".card").first.click()
                tab.wait_for_selector("#details dd")
                tab.check("input[value=difference]")
                tab.fill("#opacity", "80")
            tab.wait_for_load_state("networkidle")
            with Image.open(io.BytesIO(tab.screenshot())) as taken:
                picture: Image.Image = taken.convert("RGB")
                return picture

        yield shot
        browser.close()


def _in_few_colours(picture: Image.Image) -> Image.Image:
    """Return a picture of half the bytes: 256 colours, dithered."""
    palette = picture.quantize(256)
    return picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)


def _beside(wide: Image.Image, narrow: Image.Image) -> Image.Image:
    sheet = Image.new("RGB", (wide.width + 16 + narrow.width, wide.height), (255, 255, 255))
    sheet.paste(wide, (0, 0))
    sheet.paste(narrow, (wide.width + 16, 0))
    return sheet
