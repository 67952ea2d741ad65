"""A summary as text: Markdown and CSV."""

from __future__ import annotations

import csv
import io

from camcli.evaluation.report.figures import cells, heading, leads
from camcli.evaluation.report.summary import Summary
from camcli.system.escaping import in_markdown, in_spreadsheet

_COLUMNS = ("method", "metric", "mean", "low", "high", "count", "lead", "lead_low", "lead_high")


def markdown(summary: Summary) -> str:
    """Return the table in Markdown, and below it the leads and the costs, where there are any."""
    headings = [heading(metric) for metric in summary.metrics]
    means = [[in_markdown(m), str(summary.count(m)), *cells(summary, m)] for m in summary.methods]
    parts = [_markdown_table(["method", "n", *headings], means)]
    if summary.leads:
        rivals = [m for m in summary.methods if m != summary.against]
        others = [[in_markdown(m), *leads(summary, m)] for m in rivals]
        title = f"{in_markdown(str(summary.against))} minus"
        parts.append(_markdown_table([title, *headings], others))
    if summary.costs:
        titles = ["method", "arithmetic, in forward passes", "time, in forward passes"]
        costs = [
            [in_markdown(m), f"{c.passes:.3g}", f"{c.time:.3g}"] for m, c in summary.costs.items()
        ]
        parts.append(_markdown_table(titles, costs))
    return "\n".join(parts)


def comma_separated(summary: Summary) -> str:
    """Return one line for each method and metric: mean, interval, count, lead and its interval."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for method in summary.methods:
        for metric in summary.metrics:
            found = summary.estimates[method, metric.key]
            lead = summary.leads.get((method, metric.key))
            ahead = ["", "", ""] if lead is None else [lead.mean, lead.low, lead.high]
            mine = [found.mean, found.low, found.high, found.count]
            writer.writerow([in_spreadsheet(method), metric.key, *mine, *ahead])
    return text.getvalue()


def _markdown_table(titles: list[str], rows: list[list[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
