"""A comparison as tables that fit the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from camcli.comparison.compare import Comparison
from camcli.comparison.gate import Gate, described
from camcli.comparison.measures import MEASURES
from camcli.comparison.report.summary import figures, shown
from camcli.system.control_characters import harmless

_COLUMNS = ("cosine", "peak_shift")


def print_comparison(comparison: Comparison, gate: Gate, worst: int, console: Console) -> None:
    """Print every measure over all rows, and below it the `worst` rows."""
    summary = Table("measure", "pairs", "mean", "worst", box=None)
    for figure in figures(comparison).values():
        summary.add_row(figure.title, str(figure.count), shown(figure.mean), shown(figure.worst))
    console.print(summary)
    image = Column("image", overflow="fold")  # what tells long names apart is at their end
    rows = Table(image, "target", *(MEASURES[name].title for name in _COLUMNS), "", box=None)
    for difference in gate.worst(comparison, worst):
        told = "; ".join(gate.complaints(difference)) or described(difference)
        cells = (shown(difference.figures[name]) for name in _COLUMNS)
        rows.add_row(_text(difference.image), _text(difference.about), *cells, _text(told))
    console.print(rows)


def _text(untrusted: str) -> Text:
    """Return text that is neither read as markup nor controls the terminal."""
    return Text(harmless(untrusted).replace("\n", " "))
