"""What `camcli diff --json` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from camcli.comparison.compare import EVENTS, Comparison, Difference, Event
from camcli.comparison.gate import Gate
from camcli.comparison.report.summary import Figure, figures
from camcli.output.json_schema import schema_of

DIFF_SCHEMA = 1
"""The version of what is printed; a field that is added leaves it as it is."""


@dataclass(frozen=True)
class JudgedDifference(Difference):
    """What became of one row, and what the gate says of it.

    Attributes:
        complaints: Everything that is wrong with it, empty where it passes.

    """

    complaints: Sequence[str]


@dataclass(frozen=True)
class DiffDocument:
    """The results of `camcli diff`.

    Attributes:
        passed: Whether nothing breaks the gate, which is so where nothing was to be held.
        rows: How many rows the runs have together, a pair counted once.
        events: How many rows each event befell.
        measures: Every measure over all rows that have it, by the name that limits call it.
        differences: Every row, the worst first.
        settings: A line for each setting that decides maps and is another in the second run.
        schema: The version of this record.

    """

    passed: bool
    rows: int
    events: Mapping[Event, int]
    measures: Mapping[str, Figure]
    differences: Sequence[JudgedDifference]
    settings: Sequence[str] = ()
    schema: int = DIFF_SCHEMA

    def to_json(self) -> dict[str, Any]:
        """Return the record as builtins, every key always present."""
        return asdict(self)


def document_of(comparison: Comparison, gate: Gate) -> DiffDocument:
    """Return a whole comparison, judged by a gate."""
    events = comparison.events
    return DiffDocument(
        passed=next(gate.failures(comparison), None) is None,
        rows=len(comparison.differences),
        events={event: events[event] for event in EVENTS},
        measures=figures(comparison),
        differences=[
            JudgedDifference(**vars(difference), complaints=gate.complaints(difference))
            for difference in comparison.differences
        ],
        settings=comparison.settings,
    )


def diff_schema() -> dict[str, Any]:
    """Return what the results of this version must be: every field is there, and no other."""
    return schema_of(DiffDocument, "camcli diff results", DIFF_SCHEMA)
