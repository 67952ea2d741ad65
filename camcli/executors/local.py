"""Run the pipeline in this process."""

from __future__ import annotations

import platform
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any

from camcli import __version__
from camcli.assembly import Assembled
from camcli.output.folder import Earlier, IfExists, open_folder, write_run
from camcli.output.manifest import FILE_NAME, Manifest
from camcli.output.writers import ArtefactWriter
from camcli.pipeline import Interruption, OnRows, Shard, Tally, explain_shard
from camcli.records import ImageRef

_REPORTED_PACKAGES = ("torch", "torchvision", "numpy", "pillow")


@dataclass(frozen=True)
class Job:
    """One run: where its pictures come from and where its results go.

    Attributes:
        refs: The pictures, in order; may be endless.
        folder: The output folder.
        if_exists: What to do where it is not empty.
        patience: Seconds that a slow source may hold a batch up, None for a source that is whole.

    """

    refs: Iterable[ImageRef]
    folder: Path
    if_exists: IfExists
    patience: float | None = None


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        tally: What this run did.
        earlier: What it found done.
        interrupted: Whether it was asked to stop before the end.
        seconds: How long it took.

    """

    tally: Tally
    earlier: Earlier
    interrupted: bool
    seconds: float


def run(job: Job, assembled: Assembled, on_rows: OnRows) -> Outcome:
    """Explain every picture of a job, and record the run in `run.json`.

    Ctrl-C and SIGTERM finish what is in flight; a second one ends the process.

    Raises:
        OutputError: The output folder cannot be used.
        OSError: A file could not be written; what is in the manifest is whole, and the run can be
            resumed.

    """
    described = assembled.described()
    many = assembled.engine.targets.many
    earlier = open_folder(job.folder, job.if_exists, described, many)
    record = _Record(job.folder, assembled, described)
    record.write("running", Tally(), earlier, 0.0)
    start = time.perf_counter()
    shard = Shard(
        refs=(ref for ref in job.refs if ref.name not in earlier.done),
        batch_size=assembled.batch_size,
        workers=assembled.workers,
        patience=job.patience,
    )
    writer = ArtefactWriter(
        folder=job.folder,
        config=assembled.config.output,
        method=assembled.config.method.name,
        layer=assembled.layer,
        class_in_name=many,
    )
    with stoppable() as interruption, Manifest(job.folder / FILE_NAME) as manifest:
        tally = explain_shard(shard, assembled.engine, writer, manifest, on_rows, interruption)
    seconds = time.perf_counter() - start
    state = "interrupted" if interruption.requested else "finished"
    record.write(state, tally, earlier, seconds)
    return Outcome(tally, earlier, interruption.requested, seconds)


@contextmanager
def stoppable() -> Iterator[Interruption]:
    """Turn the first Ctrl-C or SIGTERM into a request to stop; the next has its usual force."""
    interruption = Interruption()
    usual: dict[int, Any] = {}

    def on_signal(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, usual[number])
        interruption.request()

    for stop in (signal.SIGINT, signal.SIGTERM):
        usual[stop] = signal.signal(stop, on_signal)
    try:
        yield interruption
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)


class _Record:
    """`run.json` of one run, written when it starts and when it ends."""

    def __init__(self, folder: Path, assembled: Assembled, described: dict[str, Any]) -> None:
        self._folder = folder
        self._fixed = {
            "camcli": __version__,
            "python": platform.python_version(),
            "packages": {name: version(name) for name in _REPORTED_PACKAGES},
            "platform": platform.platform(),
            "device": str(assembled.engine.device),
            "batch_size": assembled.batch_size,
            "workers": assembled.workers,
            "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "config": assembled.config.model_dump(mode="json"),
            "described": described,
            "activation": {
                "order": assembled.engine.network.layout.order,
                "channels": assembled.engine.network.layout.channels,
                "height": assembled.engine.network.layout.height,
                "width": assembled.engine.network.layout.width,
                "bypasses": list(assembled.engine.network.bypasses),
            },
        }

    def write(self, state: str, tally: Tally, earlier: Earlier, seconds: float) -> None:
        counts = {
            status: tally.rows[status] + (earlier.counts or {}).get(status, 0)
            for status in ("ok", "degenerate", "failed")
        }
        write_run(
            self._folder,
            {
                "state": state,
                **self._fixed,
                "images": tally.images + len(earlier.done),
                "rows": counts,
                "seconds": {"total": round(seconds, 3)}
                | {stage: round(spent, 3) for stage, spent in tally.seconds.items()},
                "images_per_second": round(tally.images / seconds, 3) if seconds else None,
            },
        )
