"""What an evaluation writes down: one line for each image and class, every method in it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import torch
from torch import Tensor

from camcli.records import ErrorInfo, Target


@dataclass(frozen=True)
class MethodResult:
    """One map's figures.

    Attributes:
        values: Metrics by key; those that do not apply are missing.
        insertion: Probabilities along the insertion curve.
        deletion: Probabilities along the deletion curve.
        degenerate: Why there is no map to measure, or None.

    """

    values: Mapping[str, float] = field(default_factory=dict)
    insertion: Sequence[float] = ()
    deletion: Sequence[float] = ()
    degenerate: str | None = None


@dataclass(frozen=True)
class EvaluationRow:
    """One image and class, or an image that could not be evaluated."""

    image: str
    status: Literal["ok", "failed"]
    target: Target | None = None
    methods: Mapping[str, MethodResult] = field(default_factory=dict)
    error: ErrorInfo | None = None

    def to_line(self) -> bytes:
        """Return the row as one line of JSON; numbers that are not finite become null."""
        return (json.dumps(_strict(asdict(self)), ensure_ascii=False) + "\n").encode()


class Journal:
    """The rows of an evaluation, open for appending."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")

    def append(self, rows: Sequence[EvaluationRow]) -> None:
        """Append the rows of one batch, and hand them to the operating system together."""
        self._file.write(b"".join(row.to_line() for row in rows))
        self._file.flush()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.fsync(self._file.fileno())
        self._file.close()


def column(rows: Sequence[Mapping[str, Any]], method: str, metric: str) -> Tensor:
    """Return a metric of one method over all rows, float64 (n,), NaN where it has no value."""
    values = [row["methods"].get(method, {}).get("values", {}).get(metric) for row in rows]
    return torch.tensor([torch.nan if v is None else v for v in values], dtype=torch.float64)


def _strict(value: Any) -> Any:
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, Mapping):
        return {key: _strict(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(inner) for inner in value]
    return value
