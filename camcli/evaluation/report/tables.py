"""A summary as text: Markdown, CSV, JSON, and rows for the terminal."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from typing import Any

from camcli.evaluation.metrics.table import Metric
from camcli.evaluation.report.bootstrap import Estimate
from camcli.evaluation.report.summary import Summary

_ARROWS = {"lower": " ↓", "higher": " ↑", "neither": ""}


def heading(metric: Metric) -> str:
    """Return a metric's title with an arrow towards the better side."""
    return metric.title + _ARROWS[metric.better]


def cells(summary: Summary, method: str) -> list[str]:
    """Return one method's figures as text, with half the width of their intervals."""
    return [_cell(summary.estimates[method, m.key], m) for m in summary.metrics]


def markdown(summary: Summary) -> str:
    """Return the table in Markdown, and below it the leads and the costs, where there are any."""
    titles = ["method", "n", *map(heading, summary.metrics)]
    table = _markdown_table(
        titles,
        [[m, str(count(summary, m)), *cells(summary, m)] for m in summary.methods],
    )
    parts = [table]
    if summary.leads:
        titles = [f"{summary.against} minus", *map(heading, summary.metrics)]
        lead_rows = [
            [m, *(_interval(summary.leads[m, metric.key], metric) for metric in summary.metrics)]
            for m in summary.methods
            if m != summary.against
        ]
        parts.append(_markdown_table(titles, lead_rows))
    if summary.costs:
        titles = ["method", "arithmetic, in forward passes", "time, in forward passes"]
        costs = [[m, f"{c.passes:.3g}", f"{c.time:.3g}"] for m, c in summary.costs.items()]
        parts.append(_markdown_table(titles, costs))
    return "\n".join(parts)


def count(summary: Summary, method: str) -> int:
    """Return on how many images and classes a method was measured."""
    return max(summary.estimates[method, m.key].count for m in summary.metrics)


def comma_separated(summary: Summary) -> str:
    """Return one line for each method and metric: mean, interval, count, lead and its interval."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["method", "metric", "mean", "low", "high", "count", "lead", "lead_low", "lead_high"]
    )
    for method in summary.methods:
        for metric in summary.metrics:
            found = summary.estimates[method, metric.key]
            lead = summary.leads.get((method, metric.key))
            ahead = ["", "", ""] if lead is None else [lead.mean, lead.low, lead.high]
            mine = [found.mean, found.low, found.high, found.count]
            writer.writerow([method, metric.key, *mine, *ahead])
    return text.getvalue()


def json_ready(summary: Summary) -> dict[str, Any]:
    """Return the whole summary as builtins; figures that do not exist are None."""
    return {
        "rows": summary.rows,
        "failed": summary.failed,
        "methods": {
            method: {
                "metrics": {
                    m.key: _strict(summary.estimates[method, m.key]) for m in summary.metrics
                },
                "lead": {
                    m.key: _strict(summary.leads[method, m.key])
                    for m in summary.metrics
                    if (method, m.key) in summary.leads
                },
                "insertion": _listed(summary, "insertion", method),
                "deletion": _listed(summary, "deletion", method),
                "cost": asdict(summary.costs[method]) if method in summary.costs else None,
            }
            for method in summary.methods
        },
        "against": summary.against,
    }


def _listed(summary: Summary, which: str, method: str) -> list[float] | None:
    curve = getattr(summary, which).get(method)
    return None if curve is None else curve.tolist()


def _strict(estimate: Estimate) -> dict[str, float | int | None]:
    return {k: v if v == v else None for k, v in asdict(estimate).items()}


def _cell(estimate: Estimate, metric: Metric) -> str:
    if not estimate.count:
        return "–"
    scale, digits = (100, 1) if metric.percent else (1, 3)
    half = (estimate.high - estimate.low) / 2 * scale
    return f"{estimate.mean * scale:.{digits}f} ± {half:.{digits}f}"


def _interval(estimate: Estimate, metric: Metric) -> str:
    if not estimate.count:
        return "–"
    scale, digits = (100, 1) if metric.percent else (1, 3)
    mean, low, high = (v * scale for v in (estimate.mean, estimate.low, estimate.high))
    return f"{mean:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]"


def _markdown_table(titles: list[str], rows: list[list[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
