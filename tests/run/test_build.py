"""What determines the results of a run, and nothing else, is in its fingerprint."""

from __future__ import annotations

import json
from typing import Any

import pytest

from camcli.config import load_config
from camcli.run.build import BuiltRun, build

_FIXED = {"run.device": "cpu", "run.compile": False}


def _built(**flags: Any) -> BuiltRun:
    return build(load_config(flags=_FIXED | flags))


@pytest.fixture(scope="module")
def fingerprint() -> dict[str, Any]:
    return _built().fingerprint()


def test_it_is_ready_for_json(fingerprint: dict[str, Any]) -> None:
    assert json.loads(json.dumps(fingerprint)) == fingerprint
    assert fingerprint["model"]["layer"] == "stages.3", "the one that auto stands for"


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags",
    [{"run.batch_size": 3}, {"run.workers": 1}, {"run.decode_timeout": 5.0}],
    ids=str,
)
def test_how_the_work_is_done_makes_no_other_run(
    flags: dict[str, Any], fingerprint: dict[str, Any]
) -> None:
    assert _built(**flags).fingerprint() == fingerprint


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "part"),
    [
        ({"model.layer": "stages.2"}, "model"),
        ({"method.name": "grad-cam"}, "method"),
        ({"targets": ["top2"]}, "targets"),
        ({"run.seed": 1}, "seed"),
        ({"run.precision": "bf16"}, "precision"),
        ({"output.alpha": 0.25}, "output"),
        ({"preprocess": {"resize": 130, "crop": 128}}, "preprocess"),
    ],
    ids=str,
)
def test_what_changes_results_makes_another_run(
    flags: dict[str, Any], part: str, fingerprint: dict[str, Any]
) -> None:
    found = _built(**flags).fingerprint()
    assert [key for key in fingerprint if found[key] != fingerprint[key]] == [part]


def test_several_layers_are_named_together() -> None:
    assert _built(**{"model.layer": ["stages.2", "stages.3"]}).layer == "stages.2+stages.3"
