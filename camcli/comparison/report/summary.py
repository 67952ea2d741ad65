"""The figures of a comparison that every report shows."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

from camcli.comparison.compare import EVENTS, Comparison, Difference
from camcli.comparison.gate import Gate
from camcli.comparison.measures import MEASURES
from camcli.system.wording import counted_as


@dataclass(frozen=True)
class Figure:
    """One measure over all rows that have it.

    Attributes:
        title: As a heading.
        count: How many rows have it.
        mean: Of their values, None where no row has one.
        worst: Of their values, likewise.

    """

    title: str
    count: int
    mean: float | None
    worst: float | None


def figures(comparison: Comparison) -> dict[str, Figure]:
    """Return every measure over all rows."""
    found = {}
    for name, measure in MEASURES.items():
        values = comparison.values(name)
        worst = min if measure.worse == "lower" else max
        found[name] = Figure(
            measure.title,
            len(values),
            fmean(values) if values else None,
            worst(values) if values else None,
        )
    return found


def counted(comparison: Comparison) -> str:
    """Return how many rows were compared and what became of the others, as one line."""
    events = comparison.events
    both = len(comparison.differences) - events["missing"] - events["new"]
    told = [f"{events[event]} {event.replace('-', ' ')}" for event in EVENTS if events[event]]
    if unmapped := sum(map(_lacks_maps, comparison.differences)):
        told.append(f"{unmapped} without maps to compare (--save maps)")
    return ", ".join([f"{counted_as(both, 'pair')} compared", *told])


def _lacks_maps(difference: Difference) -> bool:
    """Return whether nothing happened to a row but that a run has not kept its map."""
    explained = difference.event is None and difference.status == ("ok", "ok")
    measured = [difference.figures[name] for name, each in MEASURES.items() if each.of_maps]
    return explained and all(figure is None for figure in measured)


def verdict(comparison: Comparison, gate: Gate) -> str:
    """Return whether a comparison passed, as a phrase."""
    failing = sum(1 for _ in gate.failures(comparison))
    if gate.is_open:
        return "nothing was to be held"
    return f"{failing} {'row fails' if failing == 1 else 'rows fail'}" if failing else "passed"


def shown(value: float | None) -> str:
    """Return a figure as a table shows it."""
    return "" if value is None else f"{value:.4g}"
