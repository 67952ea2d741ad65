"""What a class has beyond another, end to end: rows, files, resuming, and evaluation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Camcli, rows_in

DEMO = ("-m", "demo", "-q", "--exit-zero", "--limit", "3", "--method", "deep-lift")


@pytest.mark.slow
def test_a_row_says_what_the_class_is_compared_with(camcli: Camcli, scenes: Path) -> None:
    asked = ("--target", "top2", "--versus", "nearest2")
    done = camcli("explain", scenes, *DEMO, *asked, "-o", "out")
    assert done.code == 0, done.stderr
    rows = rows_in(Path("out"))
    for row in rows:
        target = row["target"]
        first, second = target["versus"]
        assert first["weight"] + second["weight"] == pytest.approx(1)
        assert target["index"] not in (first["index"], second["index"])
        assert all(each["name"] for each in (target, first, second))
        assert row["completeness_error"] < 1e-5
        if row["map"]:
            own = f"{target['index']}v{first['index']}+{second['index']}"
            assert row["map"] == f"maps/{row['image']}.{own}.npy"
    assert camcli("verify", "out").code == 0
    again = camcli("explain", scenes, *DEMO, *asked, "-o", "out", "--resume")
    assert (again.code, rows_in(Path("out"))) == (0, rows)
    other = camcli("explain", scenes, *DEMO, *asked[:2], "-o", "out", "--resume")
    assert other.code == 2
    assert "versus" in other.stderr


@pytest.mark.slow
def test_stored_maps_of_a_difference_are_evaluated_as_such(camcli: Camcli, scenes: Path) -> None:
    asked = ("-m", "demo", "-q", "--limit", "2", "--versus", "runner-up")
    assert camcli("explain", scenes, *asked, "--method", "lift-cam", "-o", "stored").code == 0
    evaluated = (*asked, "--methods", "lift-cam", "--from", "stored", "--no-costs")
    assert camcli("evaluate", scenes, *evaluated, "-o", "figures").code == 0
    for row in rows_in(Path("figures")):
        computed, stored = row["methods"]["lift-cam"], row["methods"]["stored"]
        for name, value in computed["values"].items():
            assert stored["values"][name] == pytest.approx(value, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--method", "eigen-cam", "--versus", "runner-up"), "the same map whatever the class"),
        (("--versus", "no-such-class"), "there is no class 'no-such-class'"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    camcli: Camcli, scenes: Path, options: tuple[str, ...], reason: str
) -> None:
    done = camcli("explain", scenes, "-m", "demo", *options, "-o", "out")
    assert done.code == 2
    assert reason in done.stderr
    assert not Path("out/manifest.jsonl").exists()
