"""The metrics, from their table."""

from __future__ import annotations

from typing import Any

from docs.tables.markdown import code, escaped, page, prose, table


def metrics_page() -> str:
    """Return the page of all metrics: the columns of the tables, then what each computes."""
    metrics = all_metrics()
    columns = table(
        ("column", "key", "better", "shown"),
        (
            (escaped(m.title), code(m.key), m.better, "in %" if m.percent else "as it is")
            for m in metrics
        ),
    )
    families = dict.fromkeys(m.family for m in metrics if hasattr(m, "family"))
    return page(
        "Metrics",
        "What `camcli evaluate` measures, in the order of its tables. [How to read the "
        "figures](../guide/evaluate.md#how-to-read-the-figures) says what each is good for.",
        columns,
        *(_family(family, metrics) for family in families),
    )


def all_metrics() -> tuple[Any, ...]:
    """Return every metric, in the order of the tables."""
    try:
        from camcli.evaluation.metrics import METRICS
    except ImportError:  # the table is a module of its own
        from camcli.evaluation.metrics.table import METRICS
    return METRICS


def _family(family: str, metrics: tuple[Any, ...]) -> str:
    return f"## {family}\n\n" + "\n\n".join(_metric(m) for m in metrics if m.family == family)


def _metric(metric: Any) -> str:
    low, high = (f"{bound:g}" for bound in metric.bounds)
    computed = (metric.compute.__doc__ or "").split("\n    Args:")[0]
    bounds = f"In [{low}, {high}]. {escaped(metric.source)}".replace("inf", "∞")
    return "\n\n".join([f"### {escaped(metric.title)}", prose(computed), bounds])
