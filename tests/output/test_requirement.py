"""Requirements on the rows of a run, as CI states them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from camcli.errors import CamcliError
from camcli.output.requirement import Requirement, broken_in

ROW: dict[str, Any] = {
    "image": "a.png",
    "status": "ok",
    "completeness_error": 1e-5,
    "target": {"index": 3, "name": "cat", "score": 2.0, "probability": 0.75, "margin": None},
}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("completeness_error<1e-4", None),
        ("completeness_error < 1e-5", "completeness_error 1e-05 is not < 1e-05"),
        ("completeness_error<=1e-5", None),
        ("probability>=0.75", None),
        ("probability>.75", "probability 0.75 is not > 0.75"),
        ("score>-3", None),
        ("margin>0", "has no margin"),
    ],
)
def test_a_row_holds_or_is_told_why_not(text: str, complaint: str | None) -> None:
    assert Requirement.parse(text).broken_by(ROW) == complaint


@pytest.mark.parametrize("status", ["failed", "degenerate"])
def test_a_row_without_a_map_has_its_own_status(status: str) -> None:
    row = ROW | {"status": status, "target": None, "completeness_error": None}
    assert Requirement.parse("completeness_error<1").broken_by(row) is None
    assert Requirement.parse("probability>0").broken_by(row) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("completness_error<1", "did you mean 'completeness_error'"),
        ("completeness_error", "takes FIGURE<NUMBER"),
        ("completeness_error=1", "takes FIGURE<NUMBER"),
        ("score<much", "'much' is no number"),
        ("score<nan", "'nan' is no number"),
    ],
)
def test_what_is_no_requirement_is_refused(text: str, reason: str) -> None:
    with pytest.raises(CamcliError, match=reason):
        Requirement.parse(text)


def test_rows_that_break_something_are_named_with_all_of_it(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.jsonl"
    unsure = ROW | {"image": "b.png", "target": ROW["target"] | {"probability": 0.1}}
    manifest.write_text("".join(json.dumps(row) + "\n" for row in (ROW, unsure)))
    wanted = [Requirement.parse("probability>0.5"), Requirement.parse("margin>0")]
    assert list(broken_in(manifest, wanted)) == [
        "a.png (cat): has no margin",
        "b.png (cat): probability 0.1 is not > 0.5; has no margin",
    ]
    assert list(broken_in(tmp_path / "gone.jsonl", [])) == []
