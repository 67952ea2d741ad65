"""Stopping early: a request to stop, and the signals that make one."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Interruption:
    """A request to stop early, made by a signal handler or by whoever receives the rows.

    Attributes:
        reason: Why, in a few words; None as long as nobody asked.

    """

    def __init__(self) -> None:
        self.reason: str | None = None

    def request(self, reason: str) -> None:
        """Ask to stop; of several reasons, the first counts."""
        self.reason = self.reason or reason

    @property
    def requested(self) -> bool:
        """Whether anybody asked."""
        return self.reason is not None


@contextmanager
def stoppable(interruption: Interruption) -> Iterator[None]:
    """Turn the first Ctrl-C or SIGTERM into a request to stop; the next has its usual effect."""
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
