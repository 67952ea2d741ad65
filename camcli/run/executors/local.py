"""Run in this process, with worker processes of its own on this machine."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

from camcli.config import Config
from camcli.workers.demand import worker_count, workers_for

if TYPE_CHECKING:
    from camcli.run.build import BuiltRun
    from camcli.run.interrupt import Interruption
    from camcli.run.ledger import OnRows
    from camcli.run.outcome import Outcome
    from camcli.run.plan import RunPlan


class LocalExecutor:
    """Explains the images here, one after the other; see `Executor`. It runs one plan."""

    def __init__(self, config: Config) -> None:
        self._worker_count = worker_count(config.run)
        self._workers = workers_for(config)

    def start(self, plan: RunPlan) -> None:
        """Start the workers, no more than there are images; see `Executor.start`."""
        images = sys.maxsize if plan.image_count is None else plan.image_count
        self._workers.start(min(self._worker_count, images))

    def wait_until_started(self) -> None:
        """Wait for the workers that `start` has begun.

        Raises:
            MachineError: A process did not start.

        """
        self._workers.wait_until_started()

    def run(
        self, plan: RunPlan, built: BuiltRun, on_rows: OnRows, interruption: Interruption
    ) -> Outcome:
        """Explain every image of a plan; see `Executor.run`."""
        from camcli.run.explain import explain  # imports PyTorch, for which `start` does not wait

        return explain(plan, built, self._workers, on_rows, interruption)

    def __enter__(self) -> LocalExecutor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._workers.__exit__(kind, error, trace)
