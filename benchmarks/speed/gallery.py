"""How long the page of a large run takes to open, filter and sort, in a real browser.

    python -m benchmarks.speed.gallery [--rows 100000]

The rows are made up, and share few pictures: what is measured is the page, not the drawing.
Needs Chromium, and `pip install playwright`.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from camcli.gallery.build import build_gallery
from camcli.gallery.source import read_runs

_CLASSES = 1000
_TIMES = 7
_FILTERS = {
    "search": "byId('q').value = 'img_0012'",
    "class": "byId('class').value = '17'",
    "probability": "byId('low').value = '0.9'",
    "sort, least sure first": "byId('sort').value = 'unsure'",
    "sort by name": "byId('sort').value = 'name'",
}
_MEASURE = """([setting]) => {
  const byId = (id) => document.getElementById(id);
  eval(setting);
  const begin = performance.now();
  byId('filters').dispatchEvent(new Event('input'));
  const count = byId('count').textContent;
  return [performance.now() - begin, count];
}"""


def main() -> None:
    """Make a run, make its page, and look at it."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        folder = Path(scratch)
        _write_run(folder / "run", rows)
        start = time.perf_counter()
        page = build_gallery(read_runs([folder / "run"]), folder / "page", side=0).page
        size = sum(path.stat().st_size for path in (folder / "page" / "rows").iterdir())
        seconds = time.perf_counter() - start
        print(f"{rows} rows: page made in {seconds:.1f} s, rows {size / 1e6:.1f} MB")
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--enable-precise-memory-info"],
        )
        _look(browser, page.as_uri())
        browser.close()


def _write_run(folder: Path, rows: int) -> None:
    rng = random.Random(0)
    (folder / "maps").mkdir(parents=True)
    np.save(folder / "maps" / "0.npy", np.eye(8, dtype=np.float32))
    with (folder / "manifest.jsonl").open("w") as file:
        for number in range(rows):
            index = rng.randrange(_CLASSES)
            target = {"index": index, "name": f"class {index}", "score": rng.gauss(5, 2)}
            target["probability"] = rng.random()
            row = {"image": f"{index:04}/img_{number:07}.jpg", "status": "ok", "target": target}
            row |= {"map": "maps/0.npy", "width": 500, "height": 375, "crop_box": [62, 0, 438, 375]}
            row |= {"completeness_error": 10 ** rng.uniform(-8, -4), "sha256": {"map": "one"}}
            row["sha256"]["image"] = "one"
            file.write(json.dumps(row) + "\n")


def _look(browser: object, address: str) -> None:
    opened, loaded = [], []
    for _ in range(_TIMES):
        tab = browser.new_page(viewport={"width": 1280, "height": 900})  # type: ignore[attr-defined]
        start = time.perf_counter()
        tab.goto(address, wait_until="commit")
        tab.wait_for_selector(".card")
        opened.append(time.perf_counter() - start)
        tab.wait_for_selector("body[data-ready]", timeout=120_000)
        loaded.append(time.perf_counter() - start)
        if len(opened) < _TIMES:
            tab.close()
    print(f"first screen {_spread(opened)} s, all rows {_spread(loaded)} s")
    for name, setting in _FILTERS.items():
        times = []
        for _ in range(_TIMES):
            tab.click("text=Clear")
            tab.wait_for_timeout(300)
            found, count = tab.evaluate(_MEASURE, [setting])
            times.append(found / 1000)
        print(f"{name}: {_spread(times)} s ({count})")
    used = tab.evaluate("performance.memory.usedJSHeapSize")
    print(f"memory of the page's script: {used / 1e6:.0f} MB")


def _spread(times: list[float]) -> str:
    return f"{statistics.median(times):.3f} ({min(times):.3f} to {max(times):.3f})"


if __name__ == "__main__":
    main()
