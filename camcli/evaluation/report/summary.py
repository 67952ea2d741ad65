"""From rows to one figure for each method and metric, with its interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from camcli.evaluation.cost import Cost
from camcli.evaluation.metrics import METRICS
from camcli.evaluation.metrics.family import Metric
from camcli.evaluation.report.bootstrap import Estimate, bootstrap
from camcli.evaluation.rows import column


@dataclass(frozen=True)
class Summary:
    """What an evaluation found.

    Attributes:
        methods: In the order asked for.
        metrics: Those that any method has a value of, in the order of `METRICS`.
        estimates: By method and metric key.
        against: The method whose lead is estimated, or None.
        leads: By method and metric key: `against` minus the method, image by image.
        insertion: The mean insertion curve of each method, (S + 1,).
        deletion: The mean deletion curve of each method, (S + 1,).
        costs: By method, where they were measured.
        rows: How many images and classes were evaluated.
        failed: How many images were not.
        truth: How much of the ground truth is used, with `pairs`: how many images and classes had
            it, and why the others did not. None without any ground truth.

    """

    methods: tuple[str, ...]
    metrics: tuple[Metric[Any], ...]
    estimates: Mapping[tuple[str, str], Estimate]
    against: str | None
    leads: Mapping[tuple[str, str], Estimate]
    insertion: Mapping[str, Tensor]
    deletion: Mapping[str, Tensor]
    costs: Mapping[str, Cost]
    rows: int
    failed: int
    truth: Mapping[str, Any] | None = None

    def count(self, method: str) -> int:
        """Return on how many images and classes a method was measured."""
        return max((self.estimates[method, m.key].count for m in self.metrics), default=0)


def summarise(
    rows: Sequence[Mapping[str, Any]],
    methods: Sequence[str],
    costs: Mapping[str, Cost],
    against: str | None = None,
    truth: Mapping[str, Any] | None = None,
) -> Summary:
    """Average the rows of an evaluation.

    Args:
        rows: As they were read from the journal.
        methods: Which to summarise, in the order of the tables.
        costs: By method, where they were measured.
        against: A method whose lead over each other one is estimated from their differences on
            the images that both have a value for, which is sharper than comparing intervals.
        truth: How much of the ground truth is used, None without any.

    """
    done = [row for row in rows if row["status"] == "ok"]
    values = {(m, metric.key): column(done, m, metric.key) for m in methods for metric in METRICS}
    present = tuple(
        metric
        for metric in METRICS
        if any(not bool(values[m, metric.key].isnan().all()) for m in methods)
    )
    others = [m for m in methods if against in methods and m != against]
    return Summary(
        methods=tuple(methods),
        metrics=present,
        estimates={(m, p.key): bootstrap(values[m, p.key]) for m in methods for p in present},
        against=against if against in methods else None,
        leads={
            (m, p.key): bootstrap(values[str(against), p.key] - values[m, p.key])
            for m in others
            for p in present
        },
        insertion=_curves(done, methods, "insertion"),
        deletion=_curves(done, methods, "deletion"),
        costs=costs,
        rows=len(done),
        failed=len(rows) - len(done),
        truth=None if truth is None else {**truth, "pairs": _truth_outcomes(done)},
    )


def _truth_outcomes(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many images and classes had ground truth, and why the others had none."""
    counts = Counter(row.get("truth") or "not recorded" for row in rows)
    return {"used": 0, **dict(counts.most_common())}


def _curves(
    rows: Sequence[Mapping[str, Any]], methods: Sequence[str], which: str
) -> dict[str, Tensor]:
    curves = {}
    for method in methods:
        found = [row["methods"].get(method, {}).get(which) for row in rows]
        kept = [curve for curve in found if curve and None not in curve]  # null: not finite
        if kept:
            curves[method] = torch.tensor(kept, dtype=torch.float64).mean(0)
    return curves
