"""The published schema holds for the rows that are written, and for no others."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from camcli.cli import app
from camcli.errors import OutputError
from camcli.output.manifest import read_rows, to_line
from camcli.output.manifest_row import ErrorInfo, ManifestRow
from camcli.output.row_schema import row_schema
from camcli.records import Target, Versus
from camcli.run.run_document import run_schema
from tests.output import schemas

ROW = ManifestRow(
    image="a.png", path="in/a.png", status="ok", method="m", layer="l", width=4, height=3,
    crop_box=(0.0, -0.5, 4.0, 3.5), map="maps/a.png.npy", map_range=(0.0, 2.0),
    target=Target(1, None, float("nan"), None, versus=(Versus(2, "b", 1.0),), margin=0.5),
    sha256={"image": "0" * 64},
)  # fmt: skip


def mistakes(row: dict[str, Any]) -> list[str]:
    return schemas.mistakes(row, row_schema())


def test_a_row_is_as_the_schema_says_also_where_a_number_is_not_finite() -> None:
    assert mistakes(json.loads(to_line(ROW))) == []


def test_a_row_without_a_map_is_as_the_schema_says() -> None:
    error = ErrorInfo("Degenerate", "the map is zero everywhere")
    row = replace(ROW, status="degenerate", error=error, map=None, map_range=None)
    assert mistakes(json.loads(to_line(row))) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"score": 1}, "'score' was unexpected"),
        ({"width": "4"}, "'4' is not valid"),
        ({"status": "fine"}, "'fine' is not one of"),
        ({"crop_box": [1, 2, 3]}, "[1, 2, 3] is not valid"),
        ({"schema": 2}, "1 was expected"),
    ],
)
def test_another_row_is_not(changed: dict[str, Any], told: str) -> None:
    (found,) = mistakes(json.loads(to_line(ROW)) | changed)
    assert told in found


def test_every_field_has_to_be_there() -> None:
    row = json.loads(to_line(ROW))
    del row["note"]
    assert mistakes(row) == ["'note' is a required property"]


def test_every_field_says_what_it_is() -> None:
    schema = row_schema()
    for described in (schema, *schema["$defs"].values()):
        assert all(value["description"] for value in described["properties"].values())


@pytest.mark.slow
def test_rows_of_every_kind_and_their_records_are_as_the_schemas_say(
    scenes: Path, broken_jpeg: Path, tmp_path: Path
) -> None:
    inputs = [str(scenes / "0.png"), str(broken_jpeg)]
    common = ["explain", *inputs, "-q", "-j", "1", "--exit-zero"]
    runs = [
        ["-m", "demo", "--method", "decom-cam", "--save", "components", "--save", "heat"],
        ["-m", "demo", "--target=-top1", "--target", "top3", "--versus", "nearest2"],
    ]
    statuses = set()
    for number, options in enumerate(runs):
        folder = tmp_path / str(number)
        assert CliRunner().invoke(app, [*common, *options, "-o", str(folder)]).exit_code == 0
        for row in read_rows(folder / "manifest.jsonl"):
            assert mistakes(row) == []
            statuses.add(row["status"])
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        assert schemas.mistakes(record, run_schema()) == []
    assert statuses == {"ok", "failed"}


def test_rows_of_before_are_read_and_those_of_a_later_version_are_refused(tmp_path: Path) -> None:
    row = json.loads(to_line(ROW))
    path = tmp_path / "manifest.jsonl"
    del row["schema"]
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    assert list(read_rows(path)) == [row]
    path.write_text(to_line(replace(ROW, schema=2)) + "\n", encoding="utf-8")
    with pytest.raises(OutputError, match="rows of version 2, and this camcli reads version 1"):
        list(read_rows(path))
