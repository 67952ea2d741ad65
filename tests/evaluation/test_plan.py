"""What determines the figures of an evaluation, and nothing else, is in its fingerprint."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from camcli.config import load_config
from camcli.evaluation.plan import EvaluationPlan
from camcli.output.identity import compare
from camcli.run.build import BuiltRun, build

FIXED: dict[str, Any] = {
    "model.name": "tests.models.factories:build",
    "preprocess.resize": 32,
    "preprocess.crop": 32,
    "run.device": "cpu",
    "run.compile": False,
}
PLAN = EvaluationPlan(methods=["lift-cam", "shap-cam"])
OTHER: dict[str, Any] = {
    "methods": ["lift-cam", "random"],
    "options": ["shap-cam.pairs=3"],
    "at_most": ["lift-cam=2"],
    "folders": [Path("maps")],
    "truth": Path("masks"),
    "steps": 11,
    "insertion": "zero",
    "deletion": "blur",
    "against": "lift-cam",
}
"""For each field of a plan another value than in `PLAN`."""
APART = {"against"}
"""Fields that change the tables only, which are made anew from all rows."""


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder, name in (("maps", "manifest.jsonl"), ("masks", "0.png")):
        Path(folder).mkdir()
        (Path(folder) / name).write_text("one")


@pytest.fixture(scope="module")
def built() -> BuiltRun:
    return build(load_config(flags=FIXED))


def differing(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    found = compare(one, other)
    assert not found.unknown
    return {".".join(difference.key.split(".")[:2]) for difference in found.differences}


@pytest.mark.parametrize("name", [field.name for field in fields(EvaluationPlan)])
def test_a_field_makes_another_evaluation_exactly_where_it_decides_figures(
    name: str, built: BuiltRun
) -> None:
    assert name in OTHER, f"does {name} decide figures? Put it into the fingerprint, or into APART"
    before = PLAN.fingerprint(built)
    assert json.loads(json.dumps(before)) == before
    found = differing(before, replace(PLAN, **{name: OTHER[name]}).fingerprint(built))
    key = "evaluation.methods" if name == "options" else f"evaluation.{name}"
    assert found == (set() if name in APART else {key})


def test_the_spelling_and_order_of_limits_make_no_other_evaluation(built: BuiltRun) -> None:
    one = replace(PLAN, at_most=["lift-cam=2", "shap-cam=1"])
    other = replace(PLAN, at_most=["SHAP_CAM=1", "LiftCAM=2"])
    assert compare(one.fingerprint(built), other.fingerprint(built)).differences == ()


def test_truth_and_stored_maps_count_by_what_they_hold(built: BuiltRun) -> None:
    plan = replace(PLAN, truth=OTHER["truth"], folders=OTHER["folders"])
    before = plan.fingerprint(built)
    Path("masks").rename("moved")
    moved = replace(plan, truth=Path("moved"))
    assert moved.fingerprint(built) == before
    (Path("moved") / "0.png").write_text("two")
    assert differing(before, moved.fingerprint(built)) == {"evaluation.truth"}
    (Path("moved") / "0.png").write_text("one")
    (Path("moved") / "0.png").rename(Path("moved") / "1.png")
    assert differing(before, moved.fingerprint(built)) == {"evaluation.truth"}
    (Path("maps") / "manifest.jsonl").write_text("two")
    assert "evaluation.folders" in differing(before, moved.fingerprint(built))


def test_whatever_decides_a_run_decides_its_evaluation_but_for_its_own_method_and_output(
    built: BuiltRun,
) -> None:
    run, evaluation = built.fingerprint(), PLAN.fingerprint(built)
    assert run.keys() - evaluation.keys() == {"method", "output"}
    assert all(evaluation[section] == run[section] for section in run.keys() & evaluation.keys())
