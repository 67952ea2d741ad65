"""Time limits for what may hang, all kept by one thread."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_SECONDS_BETWEEN_LOOKS = 0.1


@dataclass
class Limit:
    """A time limit, and what happens when it passes.

    Attributes:
        deadline: In seconds on the monotonic clock.
        end: Ends what takes too long; raises nothing.
        passed: Whether the deadline has passed and `end` was called.

    """

    deadline: float
    end: Callable[[], None]
    passed: bool = False


class Watchdog:
    """Ends whatever is not done in time, up to a tenth of a second late.

    A `threading.Timer` for each image would start a thread for each, which took a fifth of the
    time that a run's own process spends on one. Waiting for the pipe with `select.poll` takes as
    long as this does, but misses a worker that hangs in the middle of its answer; a wait before
    every read does not, and takes 6 µs an image more.
    """

    def __init__(self) -> None:
        self._limits: dict[int, Limit] = {}
        self._numbers = itertools.count()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    @contextmanager
    def limit(self, seconds: float, end: Callable[[], None]) -> Iterator[Limit]:
        """Call `end` in the watchdog's thread if what is inside takes longer than some seconds."""
        self._start()
        limit = Limit(time.monotonic() + seconds, end)
        number = next(self._numbers)
        self._limits[number] = limit
        try:
            yield limit
        finally:
            self._limits.pop(number, None)

    def close(self) -> None:
        """Stop watching; limits that are still open never pass."""
        self._closed.set()

    def _start(self) -> None:
        if self._thread is not None:
            return
        with self._starting:
            if self._thread is None:
                # A daemon: what is still being watched may outlive whoever would have closed it.
                self._thread = threading.Thread(
                    target=self._watch, name="camcli-watchdog", daemon=True
                )
                self._thread.start()

    def _watch(self) -> None:
        while not self._closed.wait(_SECONDS_BETWEEN_LOOKS):
            now = time.monotonic()
            # A copy, taken in one step: other threads come and go meanwhile.
            for number, limit in list(self._limits.items()):
                if limit.deadline <= now and self._limits.pop(number, None) is not None:
                    limit.passed = True
                    limit.end()
