"""`run.json` at the start, at every kind of end, and as an older version wrote it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from camcli.config import load_config
from camcli.errors import MachineError
from camcli.output.folder import open_folder
from camcli.run.build import BuiltRun, build
from camcli.run.plan import RunPlan
from camcli.run.record import RunRecord
from tests.cli.conftest import Camcli, camcli, rows_in  # noqa: F401


@pytest.fixture(scope="module")
def built() -> BuiltRun:
    return build(load_config(flags={"run.device": "cpu", "run.compile": False}))


def _record(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return record


@pytest.mark.parametrize(("reason", "state"), [(None, "finished"), ("SIGINT", "interrupted")])
def test_it_is_there_while_the_run_works_and_says_how_it_ended(
    built: BuiltRun, tmp_path: Path, reason: str | None, state: str
) -> None:
    plan, fingerprint = RunPlan([], tmp_path / "out"), built.fingerprint()
    with open_folder(plan.folder, plan, fingerprint, False) as resumed:
        record = RunRecord(plan, built, fingerprint, resumed)
        with record.kept():
            assert _record(plan.folder)["state"] == "running"
            record.tally.rows.update(["ok", "failed"])
            record.tally.images += 2
            outcome = record.end(reason)
    found = _record(plan.folder)
    assert found["state"] == state
    assert found["fingerprint"] == json.loads(json.dumps(fingerprint))
    assert found["rows"] == {"ok": 1, "degenerate": 0, "failed": 1}
    assert found["images"] == 2
    assert (outcome.tally, outcome.interrupted) == (record.tally, reason)


@pytest.mark.parametrize("error", [OSError(28, "No space left"), MachineError("memory ran out")])
def test_what_the_machine_refuses_is_recorded_and_raised_as_such(
    built: BuiltRun, tmp_path: Path, error: Exception
) -> None:
    plan = RunPlan([], tmp_path / "out")
    with open_folder(plan.folder, plan, {}, False) as resumed:
        record = RunRecord(plan, built, {}, resumed)
        with pytest.raises(MachineError, match=str(error.args[-1])), record.kept():
            raise error
    assert _record(plan.folder)["state"] == "stopped"


def test_a_mistake_in_the_program_is_not_taken_for_the_machines(
    built: BuiltRun, tmp_path: Path
) -> None:
    plan = RunPlan([], tmp_path / "out")
    with open_folder(plan.folder, plan, {}, False) as resumed:
        record = RunRecord(plan, built, {}, resumed)
        with pytest.raises(KeyError), record.kept():
            raise KeyError("x")
    assert _record(plan.folder)["state"] == "running"


@pytest.mark.slow
def test_a_run_that_an_older_version_recorded_is_resumed(
    camcli: Camcli,  # noqa: F811
    scenes: Path,
) -> None:
    command = ("explain", scenes, "--no-compile", "-b", "4")
    assert camcli(*command, "--limit", "3").code == 0
    record = _record(Path("out"))
    record["described"] = record.pop("fingerprint")
    Path("out/run.json").write_text(json.dumps(record), encoding="utf-8")
    first = rows_in(Path("out"))

    other = camcli(*command, "--resume", "--method", "grad-cam")
    assert other.code == 2
    assert "method.name: lift-cam then, grad-cam now" in other.stderr

    assert camcli(*command, "--resume").code == 0
    assert rows_in(Path("out"))[:3] == first
    assert len(rows_in(Path("out"))) == 7
    assert "described" not in _record(Path("out"))
    assert _record(Path("out"))["fingerprint"] == record["described"]
