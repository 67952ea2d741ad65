"""What `table.json` and `camcli evaluate --json` hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

from camcli.evaluation.cost import Cost
from camcli.evaluation.report.bootstrap import Estimate
from camcli.evaluation.report.summary import Summary
from camcli.evaluation.report.truth_use import TruthUse, truth_use
from camcli.output.json_schema import schema_of, with_null_for_numbers

EVALUATION_SCHEMA = 1
"""The version of `table.json`; a field that is added leaves it as it is."""


@dataclass(frozen=True)
class MethodFigures:
    """What was measured of one method.

    Attributes:
        metrics: The mean of each metric, by its key.
        lead: How far `against` is ahead, image by image, by the metric's key; empty without it.
        insertion: The mean insertion curve, None where there is none.
        deletion: The mean deletion curve, likewise.
        cost: What an explanation costs, None where that was not measured.

    """

    metrics: Mapping[str, Estimate]
    lead: Mapping[str, Estimate]
    insertion: Sequence[float] | None
    deletion: Sequence[float] | None
    cost: Cost | None


@dataclass(frozen=True)
class EvaluationDocument:
    """The results of `camcli evaluate`.

    Attributes:
        rows: How many images and classes were evaluated.
        failed: How many images were not.
        methods: What was measured, by the name of the method or of the folder of maps.
        against: The method whose lead is estimated, or None.
        truth: How much of the ground truth is used, None without any.
        schema: The version of this record.

    """

    rows: int
    failed: int
    methods: Mapping[str, MethodFigures]
    against: str | None
    truth: TruthUse | None
    schema: int = EVALUATION_SCHEMA

    def to_json(self) -> dict[str, Any]:
        """Return the record as builtins; figures that do not exist are None."""
        found: dict[str, Any] = _strict(asdict(self))
        return found


def document_of(summary: Summary) -> EvaluationDocument:
    """Return a whole summary."""
    return EvaluationDocument(
        rows=summary.rows,
        failed=summary.failed,
        methods={method: _figures(summary, method) for method in summary.methods},
        against=summary.against,
        truth=None if summary.truth is None else truth_use(summary.truth),
    )


def evaluation_schema() -> dict[str, Any]:
    """Return what results of this version must be: every field is there, and no other."""
    made = schema_of(EvaluationDocument, "camcli evaluation results", EVALUATION_SCHEMA)
    return with_null_for_numbers(made)


def _figures(summary: Summary, method: str) -> MethodFigures:
    keys = [metric.key for metric in summary.metrics]
    leads = {key: summary.leads.get((method, key)) for key in keys}
    return MethodFigures(
        metrics={key: summary.estimates[method, key] for key in keys},
        lead={key: lead for key, lead in leads.items() if lead is not None},
        insertion=_curve(summary.insertion, method),
        deletion=_curve(summary.deletion, method),
        cost=summary.costs.get(method),
    )


def _curve(curves: Mapping[str, Tensor], method: str) -> list[float] | None:
    return curves[method].tolist() if method in curves else None


def _strict(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _strict(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
