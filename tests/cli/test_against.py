"""What speaks against a class, end to end: rows, files, and evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Camcli, rows_in

FACTORIES = "tests.models.factories"
BINARY = ("-m", f"{FACTORIES}:Binary", "--set", "model.kwargs={classes: 1}",
          "--set", "preprocess={resize: 64, crop: [64, 64]}", "--set", "model.labels=names.txt",
          "-q", "--exit-zero", "--limit", "3")  # fmt: skip
DEMO = ("-m", "demo", "-q", "--exit-zero", "--limit", "3", "--method", "deep-lift")


@pytest.mark.slow
def test_for_and_against_have_rows_and_files_of_their_own(camcli: Camcli, scenes: Path) -> None:
    done = camcli("explain", scenes, *DEMO, "--target", "top1", "--target", "-top1", "-o", "out")
    assert done.code == 0, done.stderr
    rows = rows_in(Path("out"))
    assert [row["target"]["sign"] for row in rows] == ["positive", "negative"] * 3
    for pro, con in zip(rows[::2], rows[1::2], strict=True):
        same = ("index", "name", "score", "probability")
        assert [pro["target"][key] for key in same] == [con["target"][key] for key in same]
        assert pro["completeness_error"] == con["completeness_error"]
        if con["map"]:
            assert con["map"] == f"maps/{con['image']}.-{con['target']['index']}.npy"
            assert not np.array_equal(*(np.load(Path("out") / row["map"]) for row in (pro, con)))
    assert any(con["map"] for con in rows[1::2])
    assert camcli("verify", "out").code == 0
    again = camcli("explain", scenes, *DEMO, "--target", "top1", "--target", "-top1", "-o", "out",
                   "--resume")  # fmt: skip
    assert (again.code, rows_in(Path("out"))) == (0, rows)


@pytest.mark.slow
def test_a_single_logit_with_two_names_has_both_classes(camcli: Camcli, scenes: Path) -> None:
    Path("names.txt").write_text("negative\npositive\n")
    config = Path("both.yaml")
    config.write_text("targets: [negative, {class: positive, sign: negative}, top1]\n")
    done = camcli("explain", scenes, *BINARY, "-c", config, "-o", "out")
    assert done.code == 0, done.stderr
    rows = [row["target"] | row for row in rows_in(Path("out"))]
    by_image = [[row for row in rows if row["image"] == name]
                for name in dict.fromkeys(row["image"] for row in rows)]  # fmt: skip
    for own, against, *best in by_image:
        assert (own["name"], own["index"], own["sign"]) == ("negative", 0, "positive")
        assert (against["name"], against["index"], against["sign"]) == ("positive", 1, "negative")
        assert own["score"] == -against["score"]
        assert own["probability"] == pytest.approx(1 - against["probability"])
        assert own["map_range"] == against["map_range"]
        # The best class is the one of the two asked for, or the other side's.
        assert [row["name"] for row in best] == ["positive"] * (against["score"] > 0)


@pytest.mark.slow
def test_what_a_single_logit_speaks_for_is_told(camcli: Camcli, scenes: Path) -> None:
    Path("names.txt").write_text("negative\npositive\n")
    loud = [part for part in BINARY if part != "-q"]
    done = camcli("explain", scenes, *loud, "-o", "out")
    assert "speaks for 'positive', class 1, and against 'negative', class 0" in done.stderr


@pytest.mark.slow
def test_a_method_that_knows_no_class_refuses_what_speaks_against_one(
    camcli: Camcli, scenes: Path
) -> None:
    done = camcli("explain", scenes, *DEMO[:-1], "eigen-cam", "--target", "-top1")
    assert done.code == 2
    assert "eigen-cam makes the same map whatever the class" in done.stderr


def test_an_evaluation_measures_the_confidence_that_it_is_not_the_class(
    camcli: Camcli, scenes: Path
) -> None:
    Path("names.txt").write_text("no\nyes\n")
    common = ("evaluate", scenes, *BINARY[:-3], "--limit", "2", "--no-costs", "--steps", "2",
              "--methods", "grad-cam")  # fmt: skip
    done = camcli(*common, "--target", "no", "--target", "-yes", "-o", "out")
    assert done.code == 0, done.stderr
    rows = rows_in(Path("out"))
    for own, against in zip(rows[::2], rows[1::2], strict=True):
        assert (own["target"]["name"], against["target"]["name"]) == ("no", "yes")
        ours, theirs = (row["methods"]["grad-cam"] for row in (own, against))
        assert ours["insertion"][-1] == pytest.approx(own["target"]["probability"], abs=1e-5)
        assert ours["insertion"] == pytest.approx(theirs["insertion"], abs=1e-6)
        assert ours["values"] == pytest.approx(theirs["values"], abs=1e-4)


def test_annotations_do_not_say_where_the_evidence_against_a_class_is(
    camcli: Camcli, scenes: Path
) -> None:
    done = camcli("evaluate", scenes, "-m", "demo", "-q", "--methods", "deep-lift", "--truth",
                  scenes, "--target", "-top1", "-o", "out")  # fmt: skip
    assert done.code == 2
    assert "--truth says where a class is" in done.stderr
