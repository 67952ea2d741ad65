"""Run the pipeline in this process."""

from __future__ import annotations

import platform
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any

from camcli import __version__
from camcli.errors import MachineError
from camcli.output.files import manifest_path, staging_path
from camcli.output.folder import Claim, open_folder, sort_manifest
from camcli.output.manifest import Manifest
from camcli.output.record import write_run
from camcli.output.resume import ResumeState
from camcli.output.rows import RowMaker, readable
from camcli.output.writers import ArtefactWriter
from camcli.records import ImageRef
from camcli.run.build import Assembled
from camcli.run.explain import Finisher, Interruption, OnRows, ShardWork, Tally, explain_shard
from camcli.workers.demand import draws, workers_for
from camcli.workers.pool import RemoteWriter, WorkerPool

_REPORTED_PACKAGES = ("torch", "torchvision", "numpy", "pillow")


@dataclass(frozen=True)
class Job:
    """One run: where its images come from and where its results go.

    Attributes:
        refs: The images of this run's shard, in order; may be endless.
        folder: The output folder.
        claim: How it may be used, and which shard of the images `refs` is.
        patience: Seconds that a slow source may hold a batch up, None for a source that is whole.
        interruption: For `on_rows` to ask the run to stop.
        workers: What decodes and writes, where it was started before; by default with the run.

    """

    refs: Iterable[ImageRef]
    folder: Path
    claim: Claim = field(default_factory=Claim)
    patience: float | None = None
    interruption: Interruption = field(default_factory=Interruption)
    workers: WorkerPool | None = None


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        tally: What this run did.
        earlier: What it found done.
        interrupted: Why it was asked to stop before the end, None if it was not.
        seconds: How long it took.

    """

    tally: Tally
    earlier: ResumeState
    interrupted: str | None
    seconds: float


def run(job: Job, assembled: Assembled, on_rows: OnRows) -> Outcome:
    """Explain every image of a job, and record the run in `run.json`.

    Ctrl-C and SIGTERM finish what is in flight; a second one ends the process.

    Raises:
        OutputError: The output folder cannot be used.
        MachineError: A file could not be written, or memory ran out; what is in the manifest is
            whole, and the run can be resumed.

    """
    many = assembled.engine.targets.many
    described = assembled.described()
    with open_folder(job.folder, job.claim, described, many) as earlier:
        record = _Record(job, assembled, described, earlier)
        with stoppable(job.interruption), _noted_if_stopped(record):
            record.write("running")
            _explain(job, assembled, earlier, on_rows, record.tally)
            reason = job.interruption.reason
            record.write("interrupted" if reason else "finished")
        return Outcome(record.tally, earlier, reason, record.seconds)


def _explain(
    job: Job, assembled: Assembled, earlier: ResumeState, on_rows: OnRows, tally: Tally
) -> None:
    order: dict[str, int] = {}
    workers = job.workers or workers_for(assembled.config)
    shard = ShardWork(
        refs=_not_done(job.refs, earlier, order),
        batch_size=assembled.batch_size,
        threads=assembled.workers,
        workers=workers,
        patience=job.patience,
    )
    writer = ArtefactWriter(
        folder=job.folder,
        config=assembled.config.output,
        class_in_name=assembled.engine.targets.many,
        staging=staging_path(job.folder, job.claim.shard),
    )
    rows = RowMaker(assembled.config.method.name, assembled.layer)
    # Where nothing is drawn, no worker has anything that its run has not.
    remote = RemoteWriter(workers, writer) if draws(assembled.config) else writer
    finisher = Finisher(workers, remote, rows)
    with Manifest(manifest_path(job.folder, job.claim.shard)) as manifest:
        explain_shard(shard, assembled.engine, finisher, manifest, on_rows, job.interruption, tally)
    if earlier.images and job.interruption.reason is None:
        sort_manifest(job.folder, job.claim, order)


def _not_done(
    refs: Iterable[ImageRef], earlier: ResumeState, order: dict[str, int]
) -> Iterator[ImageRef]:
    """Leave out what is done, and note in `order` the places of all, where that will be needed."""
    for ref in refs:
        if earlier.images:
            order[ref.name] = ref.index
        if not earlier.holds(ref.name, readable(ref.path)):
            yield ref


@contextmanager
def _noted_if_stopped(record: _Record) -> Iterator[None]:
    """Turn what the machine refuses into a `MachineError`, and note the end in `run.json`."""
    try:
        yield
    except (OSError, MachineError) as error:
        with suppress(OSError):  # the folder may be what cannot be written
            record.write("stopped")
        if isinstance(error, MachineError):
            raise
        raise MachineError(f"a result could not be written: {error}") from error


@contextmanager
def stoppable(interruption: Interruption) -> Iterator[None]:
    """Turn the first Ctrl-C or SIGTERM into a request to stop; the next has its usual force."""
    usual: dict[int, Any] = {}

    def on_signal(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, usual[number])
        interruption.request(signal.Signals(number).name)

    for stop in (signal.SIGINT, signal.SIGTERM):
        usual[stop] = signal.signal(stop, on_signal)
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)


class _Record:
    """`run.json` of one run, written when it starts and when it ends."""

    def __init__(
        self, job: Job, assembled: Assembled, described: dict[str, Any], earlier: ResumeState
    ) -> None:
        self.tally = Tally()
        self._start = time.perf_counter()
        self._earlier = earlier
        self._folder = job.folder
        self._shard = job.claim.shard
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
            "fingerprint": described,
            "activation": {
                "order": assembled.engine.network.layout.order,
                "channels": assembled.engine.network.layout.channels,
                "height": assembled.engine.network.layout.height,
                "width": assembled.engine.network.layout.width,
                "bypasses": list(assembled.engine.network.bypasses),
            },
        }

    @property
    def seconds(self) -> float:
        """How long the run has taken so far."""
        return time.perf_counter() - self._start

    def write(self, state: str) -> None:
        before, tally = self._earlier.counts, self.tally
        write_run(
            self._folder,
            {
                "state": state,
                **self._fixed,
                "images": tally.images + self._earlier.images,
                "rows": {s: tally.rows[s] + before[s] for s in ("ok", "degenerate", "failed")},
                "seconds": {"total": round(self.seconds, 3)}
                | {stage: round(spent, 3) for stage, spent in tally.seconds.items()},
                "images_per_second": round(tally.images / self.seconds, 3),
            },
            self._shard,
        )
