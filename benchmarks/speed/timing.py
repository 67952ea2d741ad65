"""Time several things alternately, so that other load on the machine affects all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Seconds:
    """The times of one thing, one per round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle time."""
        return statistics.median(self.rounds)

    def ratio_to(self, other: Seconds) -> str:
        """Return median, minimum and maximum of the ratios to another thing within each round."""
        ratios = [a / b for a, b in zip(self.rounds, other.rounds, strict=True)]
        return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def alternate(things: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Seconds]:
    """Run everything once to warm up, then `rounds` times, one after the other."""
    for run in things.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in things}
    for _ in range(rounds):
        for name, run in things.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: Seconds(tuple(found)) for name, found in times.items()}
