"""A network without a head is refused alike by every command, unless its outputs are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Camcli, rows_in

HEADLESS = "tests.models.factories:Headless"
SMALL = ("--set", "preprocess={resize: 64, crop: 64}", "--set", "run.compile=false")


@pytest.mark.slow
def test_every_command_says_the_same(camcli: Camcli, scenes: Path) -> None:
    model = ("-m", HEADLESS, *SMALL)
    answers = [
        camcli("layers", HEADLESS, *SMALL),
        camcli("explain", scenes, "--dry-run", *model),
        camcli("explain", scenes, "-o", "out", "-q", *model),
        camcli("evaluate", scenes, "--methods", "grad-cam", "-o", "out", *model),
    ]
    assert [answer.code for answer in answers] == [2] * 4
    (said,) = {answer.stderr for answer in answers}
    assert "no classification head, so its 8 outputs are features" in said
    assert not Path("out").exists()


@pytest.mark.slow
def test_named_outputs_are_explained(camcli: Camcli, scenes: Path) -> None:
    Path("names.txt").write_text("\n".join("abcdefgh"))
    named = ("--set", "model.labels=names.txt", "-m", HEADLESS, *SMALL)
    finished = camcli("explain", scenes, "-o", "out", "-q", "--limit", "1", *named)
    assert (finished.code, finished.stderr) == (0, "")
    (row,) = rows_in(Path("out"))
    assert row["target"]["name"] in "abcdefgh"


@pytest.mark.slow
def test_what_is_doubtful_is_told_once(camcli: Camcli, scenes: Path) -> None:
    """An evaluation looks at the network for itself and for its methods."""
    model = ("-m", "tests.models.factories:Convolutional", *SMALL)
    finished = camcli(
        "evaluate", scenes, "--limit", "1", "--methods", "grad-cam", "-o", "out", *model
    )
    assert finished.code == 0
    assert finished.stderr.count("the network may have no classification head") == 1
