"""The images of a run that are still to be explained."""

from __future__ import annotations

from collections.abc import Iterator

from camcli.output.resume import ResumeState
from camcli.output.rows import readable
from camcli.records import ImageRef
from camcli.run.plan import RunPlan


class Remaining:
    """The images of a plan without those that an earlier run has done.

    Attributes:
        order: The place of every image in the listing by its name, done or not, as far as they
            have been listed; empty where nothing was done before.
        patience: See `RunPlan`.

    """

    def __init__(self, plan: RunPlan, resumed: ResumeState) -> None:
        self.order: dict[str, int] = {}
        self.patience = plan.patience
        self._plan = plan
        self._resumed = resumed

    def __iter__(self) -> Iterator[ImageRef]:
        for ref in self._plan.images():
            if self._resumed.images:
                self.order[ref.name] = ref.index
            if not self._resumed.holds(ref.name, readable(ref.path)):
                yield ref
