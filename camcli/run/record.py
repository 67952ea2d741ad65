"""`run.json`: what ran where, when, on what, and how it ended."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from importlib.metadata import version
from typing import Any

from camcli import __version__
from camcli.errors import MachineError
from camcli.output.record import read_run, write_run
from camcli.output.resume import ResumeState
from camcli.run.build import BuiltRun
from camcli.run.outcome import Outcome, Tally
from camcli.run.plan import RunPlan
from camcli.run.run_document import Activation, Converted, RunDocument
from camcli.run.unused import unused_by

_REPORTED_PACKAGES = ("torch", "torchvision", "numpy", "pillow", "cmap")
_STATUSES = ("ok", "degenerate", "failed")


class RunRecord:
    """`run.json` of one run, written when it starts and when it ends.

    Attributes:
        tally: What the run has done so far.
        scales: The raw value that becomes 1 in all maps, by method; empty where each map has its
            own or where they are still to be found.

    """

    def __init__(
        self,
        plan: RunPlan,
        built: BuiltRun,
        fingerprint: Mapping[str, Any],
        resumed: ResumeState,
    ) -> None:
        self.tally = Tally()
        self.scales = _scales(plan, built, resumed)
        self._start = time.perf_counter()
        self._plan = plan
        self._resumed = resumed
        self._fixed = environment() | _settings(built) | {"fingerprint": fingerprint}
        self._fixed |= {"activation": _activation(built), "left_out": dict(plan.left_out)}
        self._fixed |= {"unused": list(unused_by(built))}
        if plan.shard.count > 1:
            self._fixed |= {"listing": plan.listing_digest()}
        self._targets = built.engine.targets
        self._several = len(built.methods) > 1

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Write the record at the start; and at an end that the machine forces, as `stopped`.

        Raises:
            MachineError: A result could not be written, or memory ran out inside.

        """
        try:
            self._write("running")
            yield
        except (OSError, MachineError) as error:
            with suppress(OSError):  # the folder may be what cannot be written
                self._write("stopped")
            if isinstance(error, MachineError):
                raise
            raise MachineError(f"a result could not be written: {error}") from error

    def found_scales(self, scales: Mapping[str, float]) -> None:
        """Record the scales of all maps, by method, before the first of them is written.

        Raises:
            OSError: The record could not be written.

        """
        self.scales = scales
        self._write("running")

    def end(self, interrupted: str | None) -> Outcome:
        """Write how the run ended, and return it.

        Args:
            interrupted: Why it was asked to stop before the end, None if it was not.

        Raises:
            OSError: The record could not be written.

        """
        self._write("interrupted" if interrupted else "finished")
        files = tuple(self._targets.file_uses())
        return Outcome(self.tally, self._resumed, interrupted, self._seconds, files, self.scales)

    @property
    def _seconds(self) -> float:
        return time.perf_counter() - self._start

    def _write(self, state: str) -> None:
        before, tally, seconds = self._resumed.counts, self.tally, self._seconds
        record = {
            "state": state,
            **self._fixed,
            "resumed": self._resumed.to_json(),
            "scale": _scale_in_record(self.scales, self._several),
            "images": tally.images + self._resumed.images,
            "rows": {status: tally.rows[status] + before[status] for status in _STATUSES},
            "listings": self._targets.file_uses(),
            "seconds": {"total": round(seconds, 3)}
            | {stage: round(spent, 3) for stage, spent in tally.seconds.items()},
            "images_per_second": round(tally.images / seconds, 3),
        }
        write_run(self._plan.folder, RunDocument(**record).to_json(), self._plan.shard)


def environment() -> dict[str, Any]:
    """Return the versions and the platform that every record names, JSON-ready."""
    return {
        "camcli": __version__,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _REPORTED_PACKAGES},
        "platform": platform.platform(),
    }


def _settings(built: BuiltRun) -> dict[str, Any]:
    return {
        "device": str(built.engine.device),
        "batch_size": built.batch_size,
        "workers": built.workers,
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "config": built.config,
        "converted_to_float32": Converted(
            list(built.model.converted), list(built.engine.network.replaced)
        ),
    }


def _scales(plan: RunPlan, built: BuiltRun, resumed: ResumeState) -> Mapping[str, float]:
    """Return the scale that is given, or those that the maps which are there already have."""
    recorded: object = built.methods[0].normalisation.scale
    if resumed.images and built.config.output.scale == "run":
        recorded = read_run(plan.folder, plan.shard).get("scale")
    if isinstance(recorded, float):
        recorded = {built.methods[0].name: recorded}
    return recorded if isinstance(recorded, dict) else {}


def _scale_in_record(scales: Mapping[str, float], several: bool) -> float | dict[str, float] | None:
    """Return scales as a record has them: that of a single method by itself."""
    if several:
        return dict(scales) or None
    return next(iter(scales.values()), None)


def _activation(built: BuiltRun) -> Activation:
    network = built.engine.network
    return Activation(
        order=network.layout.order,
        channels=network.layout.channels,
        height=network.layout.height,
        width=network.layout.width,
        layout_check=network.layout_check,
        bypasses=list(network.bypasses),
    )
