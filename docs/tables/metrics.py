"""The metrics, from their table."""

from __future__ import annotations

from typing import Any

from camcli.evaluation.metrics import METRICS
from camcli.evaluation.metrics.family import Metric
from docs.tables.markdown import code, escaped, page, prose, table


def metrics_page() -> str:
    """Return the page of all metrics: the columns of the tables, then what each computes."""
    columns = table(
        ("column", "key", "better", "shown"),
        (
            (escaped(m.title), code(m.key), m.better, "in %" if m.percent else "as it is")
            for m in METRICS
        ),
    )
    families = dict.fromkeys(metric.family for metric in METRICS)
    return page(
        "Metrics",
        "What `camcli evaluate` measures, in the order of its tables. [How to read the "
        "figures](../guide/evaluate.md#how-to-read-the-figures) says what each is good for.",
        columns,
        *map(_family, families),
    )


def _family(family: str) -> str:
    return f"## {family}\n\n" + "\n\n".join(_metric(m) for m in METRICS if m.family == family)


def _metric(metric: Metric[Any]) -> str:
    low, high = (f"{bound:g}" for bound in metric.bounds)
    computed = prose(metric.compute.__doc__ or "").removeprefix("Return ")
    bounds = f"In [{low}, {high}]. {escaped(metric.source)}.".replace("inf", "∞")
    return "\n\n".join([f"### {escaped(metric.title)}", computed[0].upper() + computed[1:], bounds])
