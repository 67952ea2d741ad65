"""A comparison as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from camcli.comparison.compare import EVENTS, Comparison
from camcli.comparison.gate import Gate
from camcli.comparison.report.summary import figures


def json_ready(comparison: Comparison, gate: Gate) -> dict[str, Any]:
    """Return the comparison as builtins, its rows the worst first."""
    events = comparison.events
    return {
        "passed": next(gate.failures(comparison), None) is None,
        "rows": len(comparison.differences),
        "events": {event: events[event] for event in EVENTS},
        "measures": {name: asdict(figure) for name, figure in figures(comparison).items()},
        "differences": [
            {**asdict(difference), "complaints": gate.complaints(difference)}
            for difference in comparison.differences
        ],
    }
