"""A run fails where a row does not hold what is required, also a row from before it was resumed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Camcli

DEMO = ("-m", "demo", "-q", "-o", "out", "--fail-on", "failed")


@pytest.mark.slow
def test_a_run_answers_for_every_row_of_its_manifest(camcli: Camcli, scenes: Path) -> None:
    held = camcli("explain", scenes, *DEMO, "--limit", "3", "--require", "completeness_error<1e-4")
    assert (held.code, held.stderr) == (0, "")
    asked = ("--resume", "--limit", "4", "--require", "probability>2", "--require", "score>-1e9")
    broken = camcli("explain", scenes, *DEMO, *asked)
    assert broken.code == 1
    assert broken.stderr.count("is not > 2") == 4


def test_a_requirement_is_read_before_any_image_is_touched(camcli: Camcli, scenes: Path) -> None:
    finished = camcli("explain", scenes, *DEMO, "--require", "probability")
    assert finished.code == 2
    assert not Path("out").exists()
