"""Kill runs at random moments, resume them, and compare the results with an undisturbed run.

    python -m tests.harness.kill_resume --kills 200

Prints one line of JSON, and exits with 1 if any tree differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from camcli.demo.scenes import make_scene
from tests.harness.command_server import CommandServer

# The other kills first wait for a random number of rows: many would otherwise come before the work
# begins.
_FRACTION_BY_TIME = 0.4
_VARIES_BETWEEN_RUNS = ("started", "seconds", "images_per_second", "shards")


def make_images(folder: Path, count: int, seed: int) -> None:
    """Draw scenes into a folder and its subfolders, and break one file in ten."""
    rng = random.Random(seed)
    for number in range(count):
        path = folder / f"{'abc'[number % 3]}" / f"{number:03}.{'png' if number % 2 else 'jpg'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        size = (rng.randint(80, 200), rng.randint(80, 200))
        make_scene(seed + number, size, objects=1).image.save(path)
        if number % 10 == 7:
            data = path.read_bytes()
            path.write_bytes(data[: rng.randrange(len(data) // 2)])


def tree(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder, hidden ones included.

    Times and the number of shards in `run.json` are left out.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_dir():
            found[name] = "folder"
        elif path.name == "run.json":
            record = json.loads(path.read_text(encoding="utf-8"))
            found[name] = json.dumps(
                {key: value for key, value in record.items() if key not in _VARIES_BETWEEN_RUNS}
            )
        else:
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def differences(expected: dict[str, str], found: dict[str, str]) -> list[str]:
    """Return the names of the files that only one tree has, or that differ."""
    names = sorted({*expected, *found})
    return [name for name in names if expected.get(name) != found.get(name)]


class KillTrial:
    """One output folder: killed several times, then left to finish."""

    def __init__(self, server: CommandServer, command: Sequence[str], folder: Path) -> None:
        """Prepare a trial.

        Args:
            server: Runs the command.
            command: A `camcli explain` without output folder and shard.
            folder: Where the output folder will be.

        """
        self._server = server
        self._command = [*command, "-q", "--resume", "-o", "out"]
        self._folder = folder

    def kill(self, delay: float, after_rows: int = 0, shards: int = 1) -> str:
        """Start the command, as several shards if asked, and kill all of them; return the phase.

        Args:
            delay: Seconds to wait before killing.
            after_rows: Rows to wait for before the delay, unless the command ends first.
            shards: How many processes divide the work.

        """
        running = [self._server.start(line, self._folder) for line in self._lines(shards)]
        deadline = time.monotonic() + 60
        while self._rows() < after_rows and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(delay)
        for command in running:
            command.kill()
        codes = [command.wait().code for command in running]
        return "after the end" if max(codes) >= 0 else "at work" if self._rows() else "before"

    def _rows(self) -> int:
        manifests = (self._folder / "out").glob("manifest*.jsonl")
        return sum(path.read_bytes().count(b"\n") for path in manifests)

    def finish(self, shards: int = 1) -> dict[str, str]:
        """Resume until the run is finished, merge the shards, and return the tree."""
        for line in self._lines(shards):
            self._expect(line, (0, 1))
        if shards > 1:
            self._expect(["merge", "out"], (0,))
        return tree(self._folder / "out")

    def _lines(self, shards: int) -> list[list[str]]:
        if shards == 1:
            return [self._command]
        return [[*self._command, "--shard", f"{i}/{shards}"] for i in range(shards)]

    def _expect(self, line: Sequence[str], codes: Sequence[int]) -> None:
        finished = self._server.run(line, self._folder)
        if finished.code not in codes:
            raise RuntimeError(f"{line} ended with {finished.code}: {finished.stderr}")


def measure(
    kills: int, images: int, kills_per_tree: int, seed: int, scratch: Path
) -> dict[str, object]:
    """Kill `kills` times and return the figures."""
    rng = random.Random(seed)
    make_images(scratch / "images", images, seed)
    command = ["explain", str(scratch / "images"), "-m", "demo", "-b", "8"]
    with CommandServer(scratch) as server:
        reference = KillTrial(server, command, _new_folder(scratch, "reference"))
        reference.finish()  # the first fork also fills the caches of the file system
        shutil.rmtree(scratch / "reference" / "out")
        start = time.perf_counter()
        expected = reference.finish()
        duration = time.perf_counter() - start
        phases: Counter[str] = Counter()
        trees = different = 0
        while phases.total() < kills:
            trial = KillTrial(server, command, _new_folder(scratch, f"tree{trees}"))
            shards = 2 if trees % 4 == 3 else 1
            for _ in range(min(kills_per_tree, kills - phases.total())):
                if rng.random() < _FRACTION_BY_TIME:
                    phase = trial.kill(rng.uniform(0.0, duration), shards=shards)
                else:
                    phase = trial.kill(rng.uniform(0.0, 0.1), rng.randint(1, images - 1), shards)
                phases[phase] += 1
            wrong = differences(expected, trial.finish(shards))
            if wrong:
                print(f"tree{trees} differs: {wrong[:10]}", file=sys.stderr)
            different += bool(wrong)
            trees += 1
            if not wrong:
                shutil.rmtree(scratch / f"tree{trees - 1}")
    return {
        "kills": kills,
        "images": images,
        "seconds of a run": round(duration, 2),
        "killed": dict(phases),
        "trees": trees,
        "files in a tree": len(expected),
        "different": different,
    }


def _new_folder(scratch: Path, name: str) -> Path:
    (scratch / name).mkdir()
    return scratch / name


def main() -> None:
    """Parse, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--kills-per-tree", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="camcli-kills-") as scratch:
        figures = measure(
            options.kills, options.images, options.kills_per_tree, options.seed, Path(scratch)
        )
    print(json.dumps(figures))
    sys.exit(1 if figures["different"] else 0)


if __name__ == "__main__":
    main()
