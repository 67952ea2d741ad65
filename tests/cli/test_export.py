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


def test_rows_without_an_annotation_are_counted_by_their_reason(
    camcli: Camcli, tmp_path: Path
) -> None:
    against = row_of("b.png")
    against["target"]["sign"] = "negative"
    rows = [row_of("a.png", status="failed"), against, row_of("c.png")]
    rows += [row_of("d.png", width=96, height=64), row_of("e.png")]
    run = write_run(tmp_path / "run", rows, [None, blob(3, 5), None, -blob(3, 5), blob(3, 5)])
    finished = camcli("export", run, "--to", "coco")
    assert finished.stderr.splitlines() == [
        "no annotation for 1 row: the image failed",
        "no annotation for 1 row: what speaks against a class is no proposal of where it is",
        "no annotation for 1 row: no map was kept: explain again with --save maps",
        "no annotation for 1 row: the map is nowhere above 0",
        "no annotation for 1 row: nothing says where in the image the map lies",
        f"0 annotations -> {run}.json",
    ]


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


def test_the_regions_of_one_method_are_proposed(camcli: Camcli, tmp_path: Path) -> None:
    shape = {"width": 96, "height": 64}
    rows = [row_of("a.png", method=name, **shape) for name in ("lift-cam", "grad-cam")]
    several = write_run(tmp_path / "several", rows, [blob(3, 5), blob(9, 5)])
    refused = camcli("export", several, "--to", "coco")
    assert refused.code == 2
    assert "choose one with --method (lift-cam, grad-cam)" in refused.stderr
    unknown = camcli("export", several, "--to", "coco", "--method", "eigen-cam")
    assert "--method takes a method of the run (lift-cam, grad-cam)" in unknown.stderr
    chosen = camcli("export", several, "--to", "coco", "--method", "GradCAM")
    assert (chosen.code, chosen.stderr) == (0, f"1 annotation -> {several}.json\n")
    assert camcli("export", several, "--to", "csv").stderr == f"2 rows -> {several}.csv\n"
