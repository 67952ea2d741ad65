"""How fast camcli is on a GPU, as a table for docs/results/performance.md.

    python -m benchmarks.gpu PHOTOS [--device cuda] [--model resnet50] [--batches 64 256]
                             [--methods lift-cam decom-cam] [--precisions fp32 bf16]
                             [--count 2048] [--rounds 5] [--no-compile]

For each precision, batch size and method: the engine against a prediction by the same network
(`benchmarks.speed.engine`), and a whole run from JPEG files of 500 x 375 (made from PHOTOS) to
maps and overlays against decoding and predicting them (`camcli bench`). Each row is printed as soon
as it is measured, so that a run that is cut short keeps its results. Compiling, once for each
precision and batch size, searches among Inductor's modes and may take minutes; --no-compile skips
it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.data.photographs import make_photographs
from benchmarks.speed.engine import measure

_COLUMNS = (
    "precision",
    "batch",
    "method",
    "predictions/s",
    "explanations/s",
    "engine, from bytes",
    "explain, ms",
    "decode and predict, ms",
    "end to end",
)


def machine(device: torch.device) -> str:
    """Describe the machine in a line."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor()
    return f"{name or device}, {os.cpu_count()} CPU cores, PyTorch {torch.__version__}"


def from_files_to_files(
    images: Path, flags: Mapping[str, object], batch_size: int, rounds: int
) -> dict[str, Any]:
    """Return the figures of `camcli bench`, run in a process of its own.

    Raises:
        CalledProcessError: It failed.
    """
    settings = {"model.weights": "null", **flags, "run.batch_size": batch_size}
    command = [sys.executable, "-m", "camcli", "bench", str(images), "-q", "--json"]
    command += ["--limit", str(1 << 30), "--rounds", str(rounds)]
    for key, value in settings.items():
        command += ["--set", f"{key}={value}"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def row(images: Path, flags: Mapping[str, object], batch_size: int, rounds: int) -> Sequence[str]:
    """Measure one row of the table, from its fourth column on."""
    engine = measure(flags, batch_size, rounds)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()  # the next process needs the memory
    whole = from_files_to_files(images, flags, batch_size, rounds)
    per_image = 1000 / whole["images"]
    ratios = sorted(whole["ratios"])
    return (
        f"{batch_size / engine['prediction from bytes'].median:.0f}",
        f"{batch_size / engine['explanation'].median:.0f}",
        engine["prediction from bytes"].ratio_to(engine["explanation"]),
        f"{statistics.median(whole['explain_seconds']) * per_image:.2f}",
        f"{statistics.median(whole['predict_seconds']) * per_image:.2f}",
        f"{whole['ratio']:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})",
    )


def main() -> None:
    """Print the table, a row at a time."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--model", default="resnet50")
    parser.add_argument("--batches", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--methods", nargs="+", default=["lift-cam", "decom-cam"])
    parser.add_argument("--precisions", nargs="+", default=["fp32", "bf16"])
    parser.add_argument("--count", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    asked = parser.parse_args()
    print(f"{asked.model}, {machine(torch.device(asked.device))}\n")
    print(_line(_COLUMNS), _line("---" for _ in _COLUMNS), sep="\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        make_photographs(asked.photos, Path(folder), asked.count)
        for precision, batch_size, method in itertools.product(
            asked.precisions, asked.batches, asked.methods
        ):
            flags = {
                "model.name": asked.model,
                "method.name": method,
                "run.precision": precision,
                "run.device": asked.device,
                "run.compile": asked.compile,
            }
            found = row(Path(folder), flags, batch_size, asked.rounds)
            print(_line([precision, str(batch_size), method, *found]), flush=True)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
