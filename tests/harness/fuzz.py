"""Feed camcli damaged images and configurations, and check that it keeps its promises.

    python -m tests.harness.fuzz --images 16000 --configurations 4000

The images have hostile names. Whatever the inputs, there must be no traceback, no hang, no file
outside the output folder, no unsolicited output on stderr, and one row for each image, or one
message and exit code 2. Prints one line of JSON, and exits with 1 if a promise was broken; the
inputs that broke it are kept.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from camcli.output.integrity import faults_in_full, files_of
from camcli.output.manifest import read_rows
from tests.harness.command_server import CommandServer, Finished
from tests.harness.mutation import hostile_name, mutated_config, mutated_image, seed_images

_IMAGES_PER_RUN = 200
_MEMORY_BYTES = 12 << 30
_SECONDS = 300.0


class BrokenError(Exception):
    """A promise was not kept."""


def fuzz_images(
    server: CommandServer, rng: random.Random, count: int, sandbox: Path
) -> Counter[str]:
    """Explain `count` damaged images in one run, and return how many rows have each status.

    Raises:
        BrokenError: A promise was not kept.

    """
    (sandbox / "in").mkdir(parents=True)
    seeds = seed_images()
    expected = set()
    for number in range(count):
        suffix, data = mutated_image(rng, seeds)
        name = os.fsdecode(hostile_name(rng, number, suffix))
        (sandbox / "in" / name).write_bytes(data)
        expected.add(_as_text(f"in/{name}"))
    before = _snapshot(sandbox)
    command = ["explain", "in", "-m", "demo", "-o", "out", "-q", "-j", "2"]
    finished = server.start(command, sandbox, memory_bytes=_MEMORY_BYTES).wait(_SECONDS)
    _check_manners(finished, (0, 1))
    if finished.stderr:
        raise BrokenError(f"wrote to stderr in spite of --quiet: {finished.stderr[:500]}")
    rows = list(read_rows(sandbox / "out" / "manifest.jsonl"))
    if sorted(row["path"] for row in rows) != sorted(expected):
        raise BrokenError("not one row for each image")
    _check_files(sandbox, before, rows)
    return Counter(row["status"] for row in rows)


def fuzz_config(server: CommandServer, rng: random.Random, sandbox: Path) -> str:
    """Explain one valid image with a damaged configuration; return the outcome.

    Raises:
        BrokenError: A promise was not kept.

    """
    sandbox.mkdir(parents=True)
    (sandbox / "image.png").write_bytes(dict(reversed(seed_images()))["png"])
    (sandbox / "config.yaml").write_bytes(mutated_config(rng))
    before = _snapshot(sandbox)
    command = ["explain", "image.png", "-c", "config.yaml", "-o", "out", "-q"]
    finished = server.start(command, sandbox, memory_bytes=_MEMORY_BYTES).wait(_SECONDS)
    _check_manners(finished, (0, 1, 2))
    rows = list(read_rows(sandbox / "out" / "manifest.jsonl"))
    if finished.code == 2:
        if rows or not finished.stderr.startswith("camcli: ") or finished.stdout:
            raise BrokenError(
                f"exit code 2, but not one message and no rows: {finished.stderr[:500]}"
            )
    elif {row["image"] for row in rows} != {"image.png"} or finished.stderr:
        raise BrokenError(f"{len(rows)} rows and on stderr: {finished.stderr[:500]}")
    _check_files(sandbox, before, rows)
    return {0: "explained", 1: "explained, with flaws", 2: "refused"}[finished.code]


def _check_manners(finished: Finished, codes: tuple[int, ...]) -> None:
    if finished.timed_out:
        raise BrokenError("the command hangs")
    if "Traceback" in finished.stderr or finished.code not in codes:
        raise BrokenError(f"exit code {finished.code}: {finished.stderr[-400:]}")


def _check_files(sandbox: Path, before: dict[str, int], rows: list[dict[str, object]]) -> None:
    after = _snapshot(sandbox)
    if after != before:
        raise BrokenError(
            f"wrote outside the output folder: {sorted(after.items() ^ before.items())[:5]}"
        )
    output = sandbox / "out"
    listed = [artefact.path for row in rows for artefact in files_of(row)]
    found = {str(path.relative_to(output)) for path in output.rglob("*") if not path.is_dir()} - {
        "manifest.jsonl",
        "run.json",
    }
    if len(listed) != len(set(listed)) or set(listed) != found:
        raise BrokenError(f"files and rows do not match: {sorted(set(listed) ^ found)[:5]}")
    faults = [fault for row in rows for fault in faults_in_full(output, row)]
    if faults:
        raise BrokenError(f"files are not what their rows say: {faults[:5]}")


def _snapshot(sandbox: Path) -> dict[str, int]:
    """Return every file outside the output folder with the time of its last change."""
    found = {}
    for folder, folders, files in os.walk(sandbox):
        if Path(folder) == sandbox and "out" in folders:
            folders.remove("out")
        for name in files:
            path = Path(folder, name)
            found[str(path)] = path.lstat().st_mtime_ns
    return found


def _as_text(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def measure(images: int, configurations: int, seed: int, scratch: Path) -> dict[str, object]:
    """Try so many images and configurations, and return the counts."""
    rng = random.Random(seed)
    statuses: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    broken = 0
    start = time.perf_counter()
    with CommandServer(scratch, {"HOME": str(scratch), "TMPDIR": str(scratch)}) as server:
        for place in range(0, images, _IMAGES_PER_RUN):
            sandbox = scratch / f"images{place}"
            count = min(_IMAGES_PER_RUN, images - place)
            try:
                statuses += fuzz_images(server, rng, count, sandbox)
                shutil.rmtree(sandbox)
            except BrokenError as error:
                broken += 1
                print(f"{sandbox}: {error}", file=sys.stderr, flush=True)
        for place in range(configurations):
            sandbox = scratch / f"config{place}"
            try:
                outcomes[fuzz_config(server, rng, sandbox)] += 1
                shutil.rmtree(sandbox)
            except BrokenError as error:
                broken += 1
                print(f"{sandbox}: {error}", file=sys.stderr, flush=True)
    return {
        "images": dict(statuses),
        "configurations": dict(outcomes),
        "broken promises": broken,
        "minutes": round((time.perf_counter() - start) / 60, 1),
    }


def main() -> None:
    """Parse, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=16_000)
    parser.add_argument("--configurations", type=int, default=4_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="camcli-fuzz-"))
    figures = measure(options.images, options.configurations, options.seed, scratch)
    print(json.dumps(figures))
    if figures["broken promises"]:
        print(f"the inputs that broke promises are kept in {scratch}", file=sys.stderr)
        sys.exit(1)
    shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
