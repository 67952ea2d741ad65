"""The interface of what schedules a run."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from camcli.run.build import BuiltRun
    from camcli.run.interrupt import Interruption
    from camcli.run.ledger import OnRows
    from camcli.run.outcome import Outcome
    from camcli.run.plan import RunPlan


class Executor(Protocol):
    """Schedules a run; made from a configuration, and left when the run is over.

    It is started before the network is loaded, so its module must not import PyTorch.
    """

    def start(self, plan: RunPlan) -> None:
        """Begin to get ready for a plan, while the caller loads the network.

        Raises:
            MachineError: A process cannot be started.

        """

    def run(
        self, plan: RunPlan, built: BuiltRun, on_rows: OnRows, interruption: Interruption
    ) -> Outcome:
        """Explain every image of a plan; see `camcli.run.explain.explain`.

        The output folder ends up as that function leaves it, to the byte but for times: its
        manifest holds the rows in the order of the images.

        Args:
            plan: What to explain, and where to.
            built: What explains it, and its configuration.
            on_rows: Receives the rows of each image once they are in a manifest.
            interruption: When it is requested, what is in flight is finished and no more is begun.

        Raises:
            OutputError: The output folder cannot be used.
            MachineError: The machine refused something; the run can be resumed.

        """

    def __enter__(self) -> Executor: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
