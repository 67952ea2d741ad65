"""Explain images and merely predict them, alternately, and see what makes the difference."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from camcli.profiling.floor import predict_all
from camcli.profiling.stages import Stage, measure_stages
from camcli.records import ImageRef
from camcli.run.build import BuiltRun
from camcli.run.executors.local import LocalExecutor
from camcli.run.interrupt import Interruption
from camcli.run.plan import RunPlan


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Attributes:
        images: Images per round.
        stages: The cost of each stage by itself.
        explain: Seconds of a whole run, from files to files, in each round.
        predict: Seconds of decoding and predicting the same images, in each round.
        waiting: How long the calling thread waited in a run, by what it waited for, in
            milliseconds per image: the median over rounds.

    """

    images: int
    stages: tuple[Stage, ...]
    explain: tuple[float, ...]
    predict: tuple[float, ...]
    waiting: Mapping[str, float]

    @property
    def ratios(self) -> tuple[float, ...]:
        """The time of explaining over that of predicting, round by round."""
        return tuple(a / b for a, b in zip(self.explain, self.predict, strict=True))

    @property
    def ratio(self) -> float:
        """The median of `ratios`."""
        return median(self.ratios)

    def per_image(self, seconds: Sequence[float]) -> float:
        """Return the median of rounds as milliseconds per image."""
        return median(seconds) * 1000 / self.images


def measure(refs: Sequence[ImageRef], built: BuiltRun, rounds: int) -> Measured:
    """Measure stages, whole runs and the floor on the same images, in this process.

    Args:
        refs: The images of a round.
        built: The run to measure.
        rounds: How often to measure each side, after one batch of each to warm up.

    Raises:
        InputError: None of the first images can be decoded.

    """
    stages = measure_stages(refs, built, rounds)
    first = refs[: built.batch_size]
    predict_all(first, built)
    _explain_all(first, built)
    explaining, predicting = [], []
    waiting: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        seconds, spent = _explain_all(refs, built)
        explaining.append(seconds)
        for stage, time_spent in spent.items():
            waiting[stage].append(time_spent * 1000 / len(refs))
        start = time.perf_counter()
        predict_all(refs, built)
        predicting.append(time.perf_counter() - start)
    return Measured(
        images=len(refs),
        stages=stages,
        explain=tuple(explaining),
        predict=tuple(predicting),
        waiting={stage: median(found) for stage, found in waiting.items() if "wait" in stage},
    )


def _explain_all(refs: Sequence[ImageRef], built: BuiltRun) -> tuple[float, Mapping[str, float]]:
    """Do all that `camcli explain` does; return its seconds, and those of its stages."""
    with (
        tempfile.TemporaryDirectory(prefix="camcli-bench-") as folder,
        LocalExecutor(built.config) as executor,
    ):
        plan = RunPlan(refs, Path(folder) / "out")
        # As the command does, which starts the workers before it loads the network.
        executor.start(plan)
        executor.wait_until_started()
        start = time.perf_counter()
        outcome = executor.run(plan, built, lambda _rows: None, Interruption())
        return time.perf_counter() - start, outcome.tally.seconds
