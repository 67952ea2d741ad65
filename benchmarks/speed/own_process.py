"""What an image costs the main process of a run, apart from the network.

    python -m benchmarks.speed.own_process PHOTOS [--count 1000] [--rounds 4] [--workers 2]
                                     [--save maps overlays]

The network runs in the process that lists, hands over, collects and records. However fast the
device is and however many workers decode and draw, a run is no faster than this process with its
global interpreter lock. Here an engine that costs nothing repeats the maps of the first image, for
JPEG files of 500 x 375 (made from PHOTOS); printed is the CPU time of the process itself and of its
workers, per image. The first round starts the threads and is not counted.
"""

from __future__ import annotations

import argparse
import dataclasses
import resource
import statistics
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import torch

from benchmarks.data.photographs import make_photographs
from camcli.config import load_config
from camcli.engine import Engine, Explained
from camcli.images.find import find_images
from camcli.records import Batch, FailedImage
from camcli.run.build import BuiltRun, build
from camcli.run.executors.local import LocalExecutor
from camcli.run.interrupt import Interruption
from camcli.run.plan import RunPlan


@dataclass(frozen=True)
class FreeEngine(Engine):
    """An engine that explains one image, and returns its maps for every other."""

    _first: list[Explained] = field(default_factory=list)

    def explain(self, batch: Batch) -> list[Explained | FailedImage]:
        """Return the maps of the first image ever explained, for each of these."""
        if not self._first:
            (explained,) = super().explain(Batch(batch.items[:1]))
            assert isinstance(explained, Explained)
            self._first.append(explained)
        maps = self._first[0].maps
        return [
            Explained(item, tuple(dataclasses.replace(found, item=item) for found in maps))
            for item in batch.items
        ]


@dataclass(frozen=True)
class Cost:
    """Milliseconds of CPU time per image: the process in user and system mode, and its workers."""

    user: float
    system: float
    workers: float


def cost_of(built: BuiltRun, images: Path) -> Cost:
    """Explain a folder, and return the CPU time per image."""
    refs = list(find_images([str(images)], images))
    before = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder, LocalExecutor(built.config) as executor:
        plan = RunPlan(refs, Path(folder) / "out")
        executor.run(plan, built, lambda _: None, Interruption())
    after = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    scale = 1000 / len(refs)
    (own, workers), (own_before, workers_before) = after, before
    return Cost(
        user=scale * (own.ru_utime - own_before.ru_utime),
        system=scale * (own.ru_stime - own_before.ru_stime),
        workers=scale * (_total(workers) - _total(workers_before)),
    )


def _total(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure, and print medians with their ranges."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--save", nargs="+", default=["maps", "overlays"])
    asked = parser.parse_args()
    settings = {
        "model.name": "demo",
        "run.compile": False,
        "run.batch_size": 32,
        "run.workers": asked.workers,
        "output.save": asked.save,
    }
    torch.set_num_threads(1)
    built = build(load_config(None, [], settings), asked.count)
    fields = {field.name: getattr(built.engine, field.name) for field in dataclasses.fields(Engine)}
    built = dataclasses.replace(built, engine=FreeEngine(**fields))
    with tempfile.TemporaryDirectory() as folder:
        make_photographs(asked.photos, Path(folder), asked.count)
        costs = [cost_of(built, Path(folder)) for _ in range(asked.rounds + 1)][1:]
    for part in dataclasses.fields(Cost):
        found = [getattr(cost, part.name) for cost in costs]
        print(
            f"{part.name:8} {statistics.median(found):.2f} ms per image "
            f"({min(found):.2f} to {max(found):.2f})"
        )


if __name__ == "__main__":
    main()
