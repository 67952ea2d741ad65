"""What a comparison must hold to pass, as a user writes it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from camcli.comparison.compare import EVENTS, Comparison, Difference, Event
from camcli.comparison.measures import MEASURES
from camcli.errors import CamcliError, suggest


@dataclass(frozen=True)
class Threshold:
    """A limit on one measure of every row.

    Attributes:
        measure: Its name in the table of measures.
        side: Whether values under the limit break it, or those over it.
        limit: The limit, which itself still passes.

    """

    measure: str
    side: Literal["under", "over"]
    limit: float

    def broken_by(self, difference: Difference) -> str | None:
        """Return what is wrong with a row, None where it holds the limit.

        Of a row that was explained in both runs, a figure that does not exist breaks the limit:
        what could not be measured has not passed.
        """
        if difference.event in ("missing", "new"):
            return None  # an event of its own
        value = difference.figures[self.measure]
        if value is None:
            explained = "ok" in difference.status
            return f"no {self.measure} to compare" if explained else None
        broken = value < self.limit if self.side == "under" else value > self.limit
        return f"{self.measure} {value:.4g} is {self.side} {self.limit:g}" if broken else None


@dataclass(frozen=True)
class Gate:
    """All that a comparison must hold: limits, and events that must not happen."""

    thresholds: tuple[Threshold, ...] = ()
    events: tuple[Event, ...] = ()

    def complaints(self, difference: Difference) -> list[str]:
        """Return everything that is wrong with a row, as phrases."""
        found = [threshold.broken_by(difference) for threshold in self.thresholds]
        if difference.event in self.events:
            found.insert(0, described(difference))
        return [complaint for complaint in found if complaint]

    @property
    def is_open(self) -> bool:
        """Whether there is nothing to hold."""
        return not (self.thresholds or self.events)

    def failures(self, comparison: Comparison) -> Iterator[tuple[Difference, list[str]]]:
        """Yield the rows that break the gate, the worst first, each with its complaints."""
        for difference in comparison.differences:
            if complaints := self.complaints(difference):
                yield difference, complaints

    def worst(self, comparison: Comparison, count: int) -> list[Difference]:
        """Return the worst rows: those that break the gate, then the others."""
        rows = comparison.differences
        return sorted(rows, key=lambda difference: not self.complaints(difference))[:count]


def described(difference: Difference) -> str:
    """Return what happened to a row, as a phrase."""
    before, after = difference.status
    phrases: dict[Event | None, str] = {
        "target-changed": f"target changed: {difference.target}, now {difference.new_target}",
        "status-changed": f"status changed: {before}, now {after}",
        "image-changed": "the maps are of different images: the bytes under this name changed",
        "crop-changed": "the maps cover different parts of the image",
        "missing": "missing in the new run",
        "new": "not in the golden run",
        None: "",
    }
    return phrases[difference.event]


def gate_from(under: Sequence[str], over: Sequence[str], events: Sequence[str]) -> Gate:
    """Return the gate that a user asked for.

    Args:
        under: `MEASURE=VALUE`, for measures where lower is worse.
        over: `MEASURE=VALUE`, for measures where higher is worse.
        events: Names of events.

    Raises:
        CamcliError: One of them cannot be understood.

    """
    thresholds = [_threshold(text, "under", "lower") for text in under]
    thresholds += [_threshold(text, "over", "higher") for text in over]
    return Gate(tuple(thresholds), tuple(map(_event, events)))


def _threshold(text: str, side: Literal["under", "over"], worse: str) -> Threshold:
    name, _, value = (part.strip() for part in text.partition("="))
    fitting = [key for key, measure in MEASURES.items() if measure.worse == worse]
    option = f"--fail-{side}"
    if name in MEASURES and name not in fitting:
        other = "over" if side == "under" else "under"
        raise CamcliError(f"{option}: of {name}, {MEASURES[name].worse} is worse: --fail-{other}")
    try:
        limit = float(value)
    except ValueError:
        limit = math.nan
    if name not in fitting or not math.isfinite(limit):
        raise CamcliError(
            f"{option} takes MEASURE=NUMBER, not {text!r}; MEASURE is one of "
            f"{', '.join(fitting)}{suggest(name, fitting) if name not in fitting else ''}"
        )
    return Threshold(name, side, limit)


def _event(word: str) -> Event:
    for event in EVENTS:
        if word == event:
            return event
    raise CamcliError(
        f"--fail-on takes one of {', '.join(EVENTS)}{suggest(word, EVENTS)}, not {word!r}"
    )
