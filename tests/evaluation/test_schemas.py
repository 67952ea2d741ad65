"""The published schemas of an evaluation hold for what is written, and for nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from camcli.errors import InputError, OutputError
from camcli.evaluation.metrics import METRICS
from camcli.evaluation.record import EvaluationRecord, evaluation_run_schema
from camcli.evaluation.report.document import document_of, evaluation_schema
from camcli.evaluation.report.summary import summarise
from camcli.evaluation.rows import EvaluationRow, MethodResult, evaluation_row_schema
from camcli.output.files import staging_path
from camcli.output.manifest import read_rows, to_line
from camcli.output.manifest_row import ErrorInfo
from camcli.output.record import read_run
from camcli.output.resume import ResumeState
from camcli.records import WHOLE, Target
from tests.output.schemas import mistakes

RESULT = MethodResult({METRICS[0].key: 0.5}, insertion=(0.1, float("nan")), deletion=(0.9, 0.1))
ROW = EvaluationRow(
    "a.png", "ok", Target(1, "cat", 2.0, 0.5), {"lift-cam": RESULT}, sha256={"image": "0" * 64}
)


def written(row: EvaluationRow) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(to_line(row))
    return found


def test_a_row_is_as_the_schema_says_also_where_a_figure_is_not_finite() -> None:
    assert written(ROW)["methods"]["lift-cam"]["insertion"] == [0.1, None]
    assert mistakes(written(ROW), evaluation_row_schema()) == []
    failed = EvaluationRow("a.png", "failed", error=ErrorInfo("DecodeError", "it is cut off"))
    assert mistakes(written(failed), evaluation_row_schema()) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"score": 1}, "'score' was unexpected"),
        ({"status": "degenerate"}, "'degenerate' is not one of"),
        ({"methods": {"lift-cam": {"values": {}}}}, "is a required property"),
        ({"schema": 2}, "1 was expected"),
    ],
)
def test_another_row_is_not(changed: dict[str, Any], told: str) -> None:
    found = mistakes(written(ROW) | changed, evaluation_row_schema())
    assert found
    assert all(told in each for each in found)


def test_results_of_a_method_without_figures_are_as_the_schema_says() -> None:
    rows = [written(ROW), {"status": "failed"}]
    found = document_of(summarise(rows, ["lift-cam", "random"], {}, "lift-cam")).to_json()
    content = json.loads(json.dumps(found, allow_nan=False))
    assert mistakes(content, evaluation_schema()) == []
    assert content["methods"]["random"]["metrics"][METRICS[0].key]["mean"] is None
    (told,) = mistakes({**content, "methods": {"random": {}}, "schema": 1}, evaluation_schema())[:1]
    assert "is a required property" in told


def test_every_field_says_what_it_is() -> None:
    for schema in (evaluation_row_schema(), evaluation_schema(), evaluation_run_schema()):
        for described in (schema, *schema["$defs"].values()):
            assert all(value["description"] for value in described["properties"].values())


def test_rows_of_a_later_version_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifest.jsonl"
    path.write_text(to_line(replace(ROW, schema=2)) + "\n", encoding="utf-8")
    with pytest.raises(OutputError, match="rows of version 2, and this camcli reads version 1"):
        list(read_rows(path))


def test_a_record_of_a_later_version_is_refused(tmp_path: Path) -> None:
    staging_path(tmp_path, WHOLE).mkdir(parents=True)
    record = EvaluationRecord(tmp_path, {"model": {}}, ResumeState())
    record.write("running", {})
    content = read_run(tmp_path)
    assert mistakes(content, evaluation_run_schema()) == []
    (tmp_path / "run.json").write_text(json.dumps({**content, "schema": 2}))
    with pytest.raises(InputError, match="version 2, and this camcli reads version 1"):
        read_run(tmp_path)
