"""Runs of a few drawn images, and a browser to look at their page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.comparison.runs import blob, row_of, write_run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

HOSTILE = "<img src=x onerror=document.title='owned'>\"'&\u202e.png"
ANSWERS = [
    ("cat", 0.95, "cat/1.png"),
    ("dog", 0.90, "cat/2.png"),
    ("dog", 0.30, "dog/3.png"),
    ("cat", 0.60, "dog/4.png"),
    ("</script><b>", 0.70, f"dog/{HOSTILE}"),
]
"""The explained class, its probability, and the image: 2 and 4 are wrong."""


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for number, (_, _, name) in enumerate(ANSWERS):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (192, 128), (40 * number, 90, 160)).save(path)
    return folder


def rows_of(photos: Path, **fields: Any) -> list[dict[str, Any]]:
    rows = []
    for index, (target, probability, name) in enumerate(ANSWERS):
        row = row_of(name, target, {"cat": 0, "dog": 1}.get(target, 2), **fields)
        row["target"]["probability"] = probability
        row |= {"path": str(photos / name), "width": 192, "height": 128}
        row |= {"crop_box": [32, 0, 160, 128], "completeness_error": 10.0**-index}
        rows.append(row)
    by = {key: value for key, value in fields.items() if key == "method"}
    failed = row_of("dog/broken.png", None, status="failed", path="nowhere", **by)
    return [*rows, failed]


@pytest.fixture
def run(photos: Path, tmp_path: Path) -> Path:
    maps = [blob(10, 8 * n) for n in range(len(ANSWERS))]
    return write_run(tmp_path / "first", rows_of(photos), [*maps, None])


@pytest.fixture
def another(photos: Path, tmp_path: Path) -> Path:
    """The same images, the third with quite another map."""
    maps = [blob(10, 8 * n + 1) for n in range(len(ANSWERS))]
    maps[2] = blob(30, 40)
    return write_run(tmp_path / "second", rows_of(photos), [*maps, None])


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()
