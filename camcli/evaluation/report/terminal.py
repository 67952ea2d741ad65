"""A summary as tables that fit the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from camcli.evaluation.report.figures import cells, heading
from camcli.evaluation.report.summary import Summary
from camcli.system.control_characters import harmless

_PADDING = 2


def print_summary(summary: Summary, console: Console) -> None:
    """Print methods as rows; metrics that do not fit the console's width go into tables below."""
    titles = [heading(metric) for metric in summary.metrics]
    figures = {method: cells(summary, method) for method in summary.methods}
    label = max(len(_shown(method)) for method in summary.methods) + 10
    for columns in _fitting(titles, figures, console.width - label):
        table = Table("method", "n", *(titles[i] for i in columns), box=None)
        for method in summary.methods:
            chosen = (figures[method][i] for i in columns)
            table.add_row(Text(_shown(method)), str(summary.count(method)), *chosen)
        console.print(table)


def _shown(name: str) -> str:
    """Return a name, of a folder perhaps, that does not control the terminal."""
    return harmless(name).replace("\n", " ")


def _fitting(
    titles: Sequence[str], figures: Mapping[str, Sequence[str]], width: int
) -> list[list[int]]:
    """Distribute columns, by their places, over as many tables as the width requires."""
    tables: list[list[int]] = []
    left = 0
    for i, title in enumerate(titles):
        needed = max(len(title), *(len(row[i]) for row in figures.values())) + _PADDING
        if not tables or needed > left:
            tables.append([])
            left = width
        tables[-1].append(i)
        left -= needed
    return tables
