"""Whether memory grows with the number of images.

    python -m benchmarks.speed.memory PHOTOS [--counts 1000 20000] [ARGUMENTS of camcli explain ...]

Explains folders of that many JPEG files of 500 x 375 (made from PHOTOS; hard links beyond the first
thousand) by `camcli explain`, each in a process of its own, and prints the peak of its resident
memory, and of that of all its workers, which is sampled (Linux). Results are kept small to save
disk space; they pass through the same queues as large ones.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data.photographs import make_photographs

_DIFFERENT = 1000
_SECONDS_BETWEEN_LOOKS = 0.2
_SMALL = ("output.map_size=layer", "output.overlay_format=jpg", "output.overlay_side=64")


@dataclass(frozen=True)
class Peak:
    """The largest resident memory of one run and of its workers, in MiB, and how long it took."""

    images: int
    mebibytes: float
    workers: float
    seconds: float


def spread_out(source: Path, target: Path, count: int) -> None:
    """Make `count` files in folders of a thousand, hard links to those of `source`."""
    files = sorted(source.iterdir())
    for index in range(count):
        folder = target / f"{index // _DIFFERENT:04}"
        folder.mkdir(parents=True, exist_ok=True)
        os.link(files[index % len(files)], folder / f"{index:06}.jpg")


def peak_of(images: Path, count: int, output: Path, arguments: Sequence[str]) -> Peak:
    """Explain a folder and return the peaks of the resident memory.

    Raises:
        RuntimeError: camcli did not finish with every image done.

    """
    settings = [part for setting in _SMALL for part in ("--set", setting)]
    command = [sys.executable, "-m", "camcli", "explain", str(images), "-o", str(output), "-q"]
    start = time.perf_counter()
    process = subprocess.Popen([*command, *settings, *arguments])
    workers = 0.0
    while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
        workers = max(workers, workers_of(process.pid))
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    _, status, usage = ended
    if os.waitstatus_to_exitcode(status) != 0:
        raise RuntimeError(f"camcli explain ended with {os.waitstatus_to_exitcode(status)}")
    return Peak(count, usage.ru_maxrss / 1024, workers, time.perf_counter() - start)


def workers_of(pid: int) -> float:
    """Return the total resident memory of a process's children, in MiB."""
    pages = 0
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # threads and processes end at any time
            for child in listing.read_text().split():
                pages += int(Path(f"/proc/{child}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Print the peak for each number of images, and the last one's ratio to the first."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 20000])
    options, arguments = parser.parse_known_args()
    peaks = []
    with tempfile.TemporaryDirectory(prefix="camcli-memory-") as scratch:
        made = Path(scratch) / "made"
        make_photographs(options.photos, made, _DIFFERENT)
        for count in options.counts:
            images = Path(scratch) / f"images-{count}"
            spread_out(made, images, count)
            peaks.append(peak_of(images, count, Path(scratch) / f"out-{count}", arguments))
            line = "{images} images: {mebibytes:.0f} MiB, workers {workers:.0f}, {seconds:.0f} s"
            print(line.format(**vars(peaks[-1])), flush=True)
    first, last = peaks[0], peaks[-1]
    print(f"last / first: {last.mebibytes / first.mebibytes:.3f}", end=", ")
    print(f"with workers {(last.mebibytes + last.workers) / (first.mebibytes + first.workers):.3f}")


if __name__ == "__main__":
    main()
