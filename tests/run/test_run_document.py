"""What `run.json` holds, and what a later version of it does to those who read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from camcli.comparison.compare import read_side
from camcli.config import Config, TargetConfig
from camcli.errors import InputError
from camcli.models.listed_images import FileUse
from camcli.output.record import read_run
from camcli.run.run_document import Activation, Converted, RunDocument, run_schema
from tests.comparison.runs import blob, row_of, write_run
from tests.output.schemas import mistakes

OWN = TargetConfig.model_validate({"class": "cat", "sign": "negative", "versus": "dog"})
DOCUMENT = RunDocument(
    state="finished", camcli="1.0", python="3.12", packages={"torch": "2.14"}, platform="Linux",
    device="cpu", batch_size=4, workers=2, started="2026-01-01T00:00:00+00:00",
    config=Config(targets=["top2", OWN]), converted_to_float32=Converted(["float16"], []),
    fingerprint={"model": {"name": "demo"}},
    activation=Activation("NCHW", 64, 8, 8, "confirmed", []), left_out={".txt": 2}, unused=[],
    resumed={"changed": 0}, scale=None, images=3, rows={"ok": 3},
    listings=[FileUse("a.csv", 2, 1, ("x.png",), ())], seconds={"total": 0.5},
    images_per_second=6.0,
)  # fmt: skip


def written(**changed: Any) -> dict[str, Any]:
    """Return the record as its file has it, with some keys changed."""
    content: dict[str, Any] = json.loads(json.dumps(DOCUMENT.to_json()))
    return content | changed


def test_a_record_is_as_the_schema_says() -> None:
    assert mistakes(written(), run_schema()) == []
    assert mistakes(written(shards=4, images_per_second=None), run_schema()) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"stage": 1.0}, "'stage' was unexpected"),
        ({"state": "done"}, "'done' is not one of"),
        ({"schema": 2}, "1 was expected"),
        ({"images": None}, "None is not of type 'integer'"),
    ],
)
def test_another_record_is_not(changed: dict[str, Any], told: str) -> None:
    (found,) = mistakes(written(**changed), run_schema())
    assert told in found


def test_every_key_says_what_it_is() -> None:
    schema = run_schema()
    own = [schema, *(schema["$defs"][name] for name in ("Activation", "Converted", "FileUse"))]
    for described in own:
        assert all(value["description"] for value in described["properties"].values())


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", [row_of("a.png")], [blob(3, 5)])


def test_a_record_of_before_versions_is_read(run: Path) -> None:
    older = written()
    del older["schema"]
    (run / "run.json").write_text(json.dumps(older))
    assert read_run(run)["images"] == 3
    assert len(read_side(run)) == 1


def test_a_record_of_a_later_version_is_refused_by_all_that_read_runs(run: Path) -> None:
    (run / "run.json").write_text(json.dumps(written(schema=2, camcli="9.1")))
    for read in (read_run, read_side):
        with pytest.raises(InputError, match=r"version 2, and this camcli reads version 1.*9\.1"):
            read(run)
