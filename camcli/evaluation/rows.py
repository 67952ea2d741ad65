"""What an evaluation writes down: one line for each image and class, every method in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from camcli.output.manifest_row import ROW_SCHEMA, ErrorInfo
from camcli.output.row_schema import schema_of_rows
from camcli.records import Target


@dataclass(frozen=True)
class MethodResult:
    """One map's figures.

    Attributes:
        values: Metrics by key; those that do not apply are missing.
        insertion: Probabilities along the insertion curve, from its baseline to the image; empty
            where there is no map.
        deletion: Probabilities along the deletion curve, from the image to its baseline, likewise.
        degenerate: Why there is no map to measure, None where there is one.

    """

    values: Mapping[str, float] = field(default_factory=dict)
    insertion: Sequence[float] = ()
    deletion: Sequence[float] = ()
    degenerate: str | None = None


@dataclass(frozen=True)
class EvaluationRow:
    """One image and class, or an image that could not be evaluated.

    Attributes:
        image: Its name in the run.
        status: Whether it could be evaluated.
        target: The explained class.
        methods: The figures of each method's map.
        error: Why it could not be evaluated.
        truth: `used` where the explained object is known, else why it is not; None without any
            ground truth.
        sha256: The digest of the image's bytes under `image`, None where it could not be read.
        label: What the image's source says of its class, None where it says nothing.
        schema: The version of the row.

    """

    image: str
    status: Literal["ok", "failed"]
    target: Target | None = None
    methods: Mapping[str, MethodResult] = field(default_factory=dict)
    error: ErrorInfo | None = None
    truth: str | None = None
    sha256: Mapping[str, str] | None = None
    label: int | str | None = None
    schema: int = ROW_SCHEMA

    def to_json(self) -> dict[str, Any]:
        """Return the row as builtins, every key always present."""
        return asdict(self)


def evaluation_row_schema() -> dict[str, Any]:
    """Return what a row of this version must be: every field is there, and no other."""
    return schema_of_rows(EvaluationRow, "camcli evaluation row")


def column(rows: Sequence[Mapping[str, Any]], method: str, metric: str) -> Tensor:
    """Return a metric of one method over all rows, float64 (n,), NaN where it has no value."""
    values = [row["methods"].get(method, {}).get("values", {}).get(metric) for row in rows]
    return torch.tensor([torch.nan if v is None else v for v in values], dtype=torch.float64)
