"""A resumed run has nothing stale: an image that changed is done again, and told."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.cli.conftest import Camcli, Finished, rows_in
from tests.harness.kill_resume import differences, tree

NETWORK = (
    *("-m", "tests.models.factories:build", "-j", "1", "--set", "run.compile=false"),
    *("--set", "preprocess={resize: 32, crop: 32}", "--method", "grad-cam"),
)


def paint(path: Path, value: int) -> None:
    """Make a picture that differs from those of other values."""
    path.parent.mkdir(exist_ok=True)
    picture = Image.radial_gradient("L").resize((40, 40)).convert("RGB")
    picture.paste((value, 255 - value, 90), (0, 0, 20 + value % 7, 15))
    picture.save(path)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number, name in enumerate("abc"):
        paint(tmp_path / f"photos/{name}.png", 40 * number)
    return tmp_path / "photos"


def explain(camcli: Camcli, *arguments: str, out: str = "out", of: str = "photos") -> Finished:
    finished = camcli("explain", of, *NETWORK, "-o", out, *arguments)
    assert "Traceback" not in finished.stderr
    return finished


def resumed_in(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "run.json").read_text())["resumed"]
    return found


@pytest.mark.slow
def test_an_image_that_changed_is_explained_again_as_in_one_go(
    camcli: Camcli, photos: Path, tmp_path: Path
) -> None:
    many = ("--target", "@top2")
    explain(camcli, *many)
    before = (photos / "b.png").stat()
    paint(photos / "b.png", 200)
    os.utime(photos / "b.png", ns=(before.st_atime_ns, before.st_mtime_ns))  # as a copy may do
    resumed = explain(camcli, *many, "--resume")
    assert "1 image done before, but changed since, and so not kept: b.png" in resumed.stderr
    assert resumed_in(tmp_path / "out") == {"changed": 1, "unreadable": 0, "unlisted": 0}
    explain(camcli, *many, out="whole")
    assert differences(tree(tmp_path / "whole"), tree(tmp_path / "out")) == ["run.json"]


@pytest.mark.slow
def test_a_stopped_evaluation_measures_changed_images_anew(
    camcli: Camcli, photos: Path, tmp_path: Path
) -> None:
    network = NETWORK[:-2]

    def evaluate(out: str, *arguments: str) -> Finished:
        given = ("--methods", "grad-cam", "--no-costs", "-q", "-o", out, *arguments)
        return camcli("evaluate", "photos", *network, *given)

    evaluate("out", "--limit", "2")
    paint(photos / "a.png", 200)
    resumed = evaluate("out", "--resume")
    assert "1 image done before, but changed since" in resumed.stderr
    evaluate("whole")
    assert rows_in(tmp_path / "out") == rows_in(tmp_path / "whole")
