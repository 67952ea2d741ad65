from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Camcli
from tests.comparison.runs import blob, row_of, write_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", [row_of("a.png")], [blob(3, 5)])


def test_the_command_writes_beside_the_run(camcli: Camcli, run: Path) -> None:
    finished = camcli("export", run, "--to", "csv")
    assert finished.code == 0
    assert finished.stderr == f"1 row -> {run}.csv\n"
    assert Path(f"{run}.csv").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "cvs"], "did you mean 'csv'"),
        (["--to", "csv", "--threshold", "0.3"], "belongs to --to coco"),
        (["--to", "coco", "--threshold", "3"], "a fraction above 0"),
        (["--to", "csv", "-o", "."], "is a folder"),
        (["--to", "fiftyone", "-o", "."], "exists: remove it, or name another folder"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    camcli: Camcli,
    run: Path,
    arguments: list[str],
    message: str,
) -> None:
    finished = camcli("export", run, *arguments)
    assert finished.code == 2
    assert message in finished.stderr
