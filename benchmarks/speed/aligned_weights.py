"""How the position of a compiled network's weights in memory affects its speed.

    python -m benchmarks.speed.aligned_weights [--model resnet50] [--layer layer4] [--batch 16]
                                               [--precisions bf16 fp32] [--rounds 7]

The same compiled library runs in three ways: as PyTorch loads it, with the weights where `malloc`
puts them; with `malloc` renamed to `valloc` in a copy of the library, which puts them where a page
begins; and as camcli loads it (`camcli.compile.aligned_weights`). As the place is a matter of
chance and stays for as long as a process runs, each figure is that of a process of its own, and
the three take turns. A process's figure is the least processor time that a batch took in one
thread. The table has the median, lowest and highest of the processes, ratios to the first two
ways within each round, how many processes had all weights at multiples of 64 bytes, how long
loading took, and the most memory that a process had.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor

from benchmarks.speed.timing import Seconds
from camcli.compile.acceleration import DTYPES
from camcli.compile.aligned_weights import AlignedLibrary, address
from camcli.compile.inference_form import InferenceTrunk
from camcli.compile.worker import compile_to
from camcli.network.split import split
from camcli.network.trace import trace
from camcli.system.allocator import keep_freed_memory

_WAYS = ("malloc", "valloc", "camcli")


@dataclass(frozen=True)
class Figures:
    """What one process measured."""

    seconds: float
    loading: float
    megabytes: float
    aligned: bool


def compile_trunk(options: argparse.Namespace, precision: str, folder: Path) -> None:
    """Compile a trunk with random weights, and write one library for each way to load it."""
    torch.manual_seed(0)
    network = torchvision.models.get_model(options.model, weights=None).eval()
    halves = split(trace(network, torch.randn(2, 3, 224, 224)), options.layer)
    trunk = InferenceTrunk(halves.trunk, DTYPES[precision])
    images = trunk.prepared(torch.zeros(options.batch, 3, 224, 224))
    with torch.no_grad():
        program = torch.export.export(trunk.module, (images,))
    package = folder / "trunk.pt2"
    compile_to(package, program)
    (library,) = package.rglob("*.wrapper.so")
    (library.parent / "valloc.so").write_bytes(
        library.read_bytes().replace(b"\0malloc\0", b"\0valloc\0")
    )


def library_of(way: str, folder: Path) -> Path:
    """Return the library that is loaded in one way."""
    (library,) = folder.rglob("valloc.so" if way == "valloc" else "*.wrapper.so")
    return library


def load(way: str, library: Path) -> tuple[Callable[[Tensor], Any], Mapping[str, Tensor]]:
    """Return a callable that runs a library, and the weights that it uses."""
    if way == "camcli":
        aligned = AlignedLibrary(library)
        return aligned, aligned._runner.extract_constants_map(False)
    runner = torch._C._aoti.AOTIModelContainerRunnerCpu(str(library), 1)
    return lambda images: runner.run([images]), runner.extract_constants_map(False)


def measure(options: argparse.Namespace, way: str, precision: str, library: Path) -> Figures:
    """Load and run a library in this process."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    keep_freed_memory()
    start = time.perf_counter()
    run, weights = load(way, library)
    loading = time.perf_counter() - start
    images = torch.randn(options.batch, 3, 224, 224)
    images = images.to(DTYPES[precision], memory_format=torch.channels_last)
    times = []
    with torch.no_grad():
        for _ in range(options.batches + 3):
            start = time.process_time()
            run(images)
            times.append(time.process_time() - start)
    return Figures(
        seconds=min(times[3:]),
        loading=loading,
        megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        aligned=all(address(weight) % 64 == 0 for weight in weights.values()),
    )


def measure_apart(options: argparse.Namespace, way: str, precision: str, folder: Path) -> Figures:
    """Measure in a new process."""
    command = [sys.executable, "-m", "benchmarks.speed.aligned_weights", "--batch",
               str(options.batch), "--batches", str(options.batches), "--measure", way,
               precision, str(library_of(way, folder))]  # fmt: skip
    finished = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Figures(**json.loads(finished.stdout.splitlines()[-1]))


def report(precision: str, batch: int, found: Mapping[str, Sequence[Figures]]) -> None:
    """Print one row of the table for each way."""
    times = {way: Seconds(tuple(f.seconds for f in figures)) for way, figures in found.items()}
    for way, figures in found.items():
        each = [1000 * seconds / batch for seconds in times[way].rounds]
        print(
            f"| {precision} | {way} | {times[way].median * 1000 / batch:.2f} "
            f"({min(each):.2f} to {max(each):.2f}) | {times[way].ratio_to(times['malloc'])} "
            f"| {times[way].ratio_to(times['valloc'])} "
            f"| {sum(f.aligned for f in figures)} of {len(figures)} "
            f"| {statistics.median(f.loading for f in figures) * 1000:.0f} "
            f"| {statistics.median(f.megabytes for f in figures):.0f} |"
        )


def main() -> None:
    """Compile, measure in new processes, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="resnet50")
    parser.add_argument("--layer", default="layer4")
    parser.add_argument("--precisions", nargs="+", default=["bf16", "fp32"])
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--batches", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        way, precision, library = options.measure
        print(json.dumps(asdict(measure(options, way, precision, Path(library)))))
        return
    torch.set_num_threads(1)
    print(
        "| precision | weights | ms an image | of malloc's | of valloc's | aligned | ms to load "
        "| MiB |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for precision in options.precisions:
        with tempfile.TemporaryDirectory(prefix="camcli-aligned-") as name:
            compile_trunk(options, precision, Path(name))
            rounds = [
                {way: measure_apart(options, way, precision, Path(name)) for way in _WAYS}
                for _ in range(options.rounds)
            ]
            found = {way: [figures[way] for figures in rounds] for way in _WAYS}
            report(precision, options.batch, found)


if __name__ == "__main__":
    main()
