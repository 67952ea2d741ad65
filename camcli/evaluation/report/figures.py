"""A figure as text, the same in every table."""

from __future__ import annotations

from typing import Any

from camcli.evaluation.metrics.family import Metric
from camcli.evaluation.report.bootstrap import Estimate
from camcli.evaluation.report.summary import Summary

_ARROWS = {"lower": " ↓", "higher": " ↑", "neither": ""}
_NOTHING = "–"


def heading(metric: Metric[Any]) -> str:
    """Return a metric's title with an arrow towards the better side."""
    return metric.title + _ARROWS[metric.better]


def cells(summary: Summary, method: str) -> list[str]:
    """Return one method's means as text, with half the width of their intervals.

    A figure that rests on fewer images and classes than the method was measured on says so.
    """
    everything = summary.count(method)
    return [_mean(summary.estimates[method, m.key], m, everything) for m in summary.metrics]


def leads(summary: Summary, method: str) -> list[str]:
    """Return as text how far `summary.against` is ahead of a method, with the intervals."""
    return [_lead(summary.leads[method, m.key], m) for m in summary.metrics]


def _mean(estimate: Estimate, metric: Metric[Any], everything: int) -> str:
    if not estimate.count:
        return _NOTHING
    scale, digits = _format(metric)
    half = (estimate.high - estimate.low) / 2 * scale
    fewer = f" (n {estimate.count})" if estimate.count < everything else ""
    return f"{estimate.mean * scale:.{digits}f} ± {half:.{digits}f}{fewer}"


def _lead(estimate: Estimate, metric: Metric[Any]) -> str:
    if not estimate.count:
        return _NOTHING
    scale, digits = _format(metric)
    mean, low, high = (v * scale for v in (estimate.mean, estimate.low, estimate.high))
    return f"{mean:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]"


def _format(metric: Metric[Any]) -> tuple[int, int]:
    """Return what a figure is multiplied by, and how many decimals are shown."""
    return (100, 1) if metric.percent else (1, 3)
