"""The images of a run that are still to be explained."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from camcli.output.resume import ResumeState
from camcli.records import ImageRef
from camcli.run.plan import RunPlan


class Remaining:
    """The images of a plan without those that an earlier run has done.

    Attributes:
        plan: The run.
        order: The place of every image in the listing by its name, done or not, as far as they
            have been listed; empty where nothing was done before.
        patience: See `RunPlan`.

    """

    def __init__(
        self,
        plan: RunPlan,
        resumed: ResumeState,
        notice: Callable[[ImageRef], object] = lambda _: None,
    ) -> None:
        """Prepare to go through the images.

        Args:
            plan: The run.
            resumed: What is done.
            notice: Called with every image, done or not.

        """
        self.order: dict[str, int] = {}
        self.patience = plan.patience
        self.plan = plan
        self._resumed = resumed
        self._notice = notice

    def __iter__(self) -> Iterator[ImageRef]:
        for ref in self.plan.images():
            self._notice(ref)
            if self._resumed.end:
                self.order[ref.name] = ref.index
            if not self._resumed.holds(ref):
                yield ref
        self._resumed.compare_with(self.order)
