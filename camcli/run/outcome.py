"""What a run has done so far, and how it ended."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from camcli.models.listed_images import FileUse
from camcli.output.resume import ResumeState


@dataclass
class Tally:
    """Counts of a run so far.

    Attributes:
        rows: Manifest rows by status.
        images: Images whose rows are in the manifest.
        failed: Those of them that failed, each once, although it has a row for each method.
        clipped: Maps with values beyond their scale.
        seconds: Time of the calling thread by stage.

    """

    rows: Counter[str] = field(default_factory=Counter)
    images: int = 0
    failed: int = 0
    clipped: int = 0
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time spent inside to a stage's."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - start


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        tally: What this run did.
        resumed: What it found done.
        interrupted: Why it was asked to stop before the end, None if it was not.
        seconds: How long it took.
        files: What was made of each file that lists images.
        scales: The raw value that became 1 in all maps, by method; empty where each map has its
            own.

    """

    tally: Tally
    resumed: ResumeState
    interrupted: str | None
    seconds: float
    files: tuple[FileUse, ...] = ()
    scales: Mapping[str, float] = field(default_factory=dict)

    def told(self) -> Iterable[str]:
        """Return what the user should know of images and files that are not as was given."""
        lines = [*self.resumed.lines(), *(line for use in self.files for line in use.lines())]
        return dict.fromkeys(lines)
