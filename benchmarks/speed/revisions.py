"""Whether a revision of camcli is slower than another: the same commands, alternating.

    python -m benchmarks.speed.revisions BEFORE PHOTOS [--after REVISION] [--rounds 5]
                                         [--count 256] [--precision fp32]

Without --after, the working tree is measured. In every round each side runs, one after the other:

- engine: `camcli bench`, stages alone on one batch of ResNet-50 with random weights, compiled; the
  rate is that of copying, trunk, tail and method together;
- end to end: `camcli explain` over COUNT JPEG files of 500 x 375, including start-up;
- first map: `camcli explain` of a single image by the demo network, from command to file.

Printed are the medians and the ratio after / before, taken within each round, with its range: 1 is
the same speed, less is faster.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data.photographs import make_photographs
from benchmarks.data.revisions import environment_of, revision_tree
from benchmarks.speed.timing import Seconds

_NETWORK = ("-m", "resnet50", "--set", "model.weights=null", "-b", "32")


@dataclass(frozen=True)
class Side:
    """A revision's files, and a folder for what its runs write."""

    tree: Path
    scratch: Path

    def run(self, *arguments: str) -> str:
        """Run camcli, and return what it prints."""
        command = [sys.executable, "-m", "camcli", *arguments]
        environment = environment_of(self.tree, self.scratch / "cache")
        done = subprocess.run(
            command, env=environment, cwd=self.tree, check=True, capture_output=True, text=True
        )
        return done.stdout

    def explain(self, images: Path, *arguments: str) -> float:
        """Return the seconds of `camcli explain` as a process."""
        output = ("-o", str(self.scratch / "out"), "--overwrite", "-q")
        start = time.perf_counter()
        self.run("explain", str(images), *arguments, *output)
        return time.perf_counter() - start

    def engine(self, images: Path, *arguments: str) -> float:
        """Return the milliseconds per image that `camcli bench` finds for computing."""
        asked = ("--limit", "32", "--rounds", "1", "--json", "-q", "--save", "maps")
        found = json.loads(self.run("bench", str(images), *arguments, *asked))
        return sum(
            float(stage["milliseconds"]) for stage in found["stages"] if stage["where"] == "compute"
        )


def main() -> None:
    """Measure both sides and print the ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("before")
    parser.add_argument("photos", type=Path)
    parser.add_argument("--after")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=256)
    parser.add_argument("--precision", default="fp32")
    asked = parser.parse_args()
    with ExitStack() as held, tempfile.TemporaryDirectory(prefix="camcli-turns-") as folder:
        files = Path(folder) / "photographs"
        make_photographs(asked.photos, files, asked.count)
        sides = {
            name: Side(held.enter_context(revision_tree(revision)), Path(folder) / name)
            for name, revision in (("before", asked.before), ("after", asked.after))
        }
        for title, measure in _measures(files, asked.precision).items():
            print(_line(title, _alternately(sides, measure, asked.rounds)), flush=True)


def _measures(files: Path, precision: str) -> dict[str, Callable[[Side], float]]:
    network = (*_NETWORK, "--precision", precision)
    first = next(files.iterdir())
    return {
        f"engine, {precision}, ms per image": lambda side: side.engine(files, *network),
        f"end to end, {precision}, s": lambda side: side.explain(files, *network, "--no-compile"),
        "first map, s": lambda side: side.explain(first, "-m", "demo"),
    }


def _alternately(
    sides: Mapping[str, Side], measure: Callable[[Side], float], rounds: int
) -> dict[str, Seconds]:
    """Measure each side once to warm up, then alternately, reversing the order every round."""
    for side in sides.values():
        measure(side)
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in _order(list(sides), number):
            found[name].append(measure(sides[name]))
    return {name: Seconds(tuple(times)) for name, times in found.items()}


def _order(names: Sequence[str], number: int) -> Sequence[str]:
    return names if number % 2 == 0 else names[::-1]


def _line(title: str, found: Mapping[str, Seconds]) -> str:
    before, after = found["before"], found["after"]
    medians = f"before {before.median:.2f}, after {after.median:.2f}"
    return f"{title:28} {medians}; after / before {after.ratio_to(before)}"


if __name__ == "__main__":
    main()
