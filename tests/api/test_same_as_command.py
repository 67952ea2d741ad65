"""What is found from Python is what the command writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import camcli
from camcli import Explainer
from camcli.cli import app

pytestmark = pytest.mark.slow


def run_of(files: list[str], folder: Path, *options: str) -> Path:
    command = ["explain", *files, "-q", "-j", "1", "-o", str(folder), *options]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    return folder


def test_maps_and_overlays_are_those_of_the_command_to_the_byte(
    demo: Explainer, files: list[str], tmp_path: Path
) -> None:
    stored = camcli.open_run(run_of(files, tmp_path / "out", "-m", "demo"))
    for found, row in zip(demo.explain(files), stored, strict=True):
        assert found.map is not None
        assert found.target is not None
        assert row.map is not None
        assert found.map.tobytes() == row.map.tobytes()
        assert (found.image, found.status) == (row.image, row.status)
        assert (found.target.name, found.target.score) == (row.target["name"], row.target["score"])
        assert np.array_equal(np.asarray(found.overlay()), np.asarray(row.overlay()))


def test_photographs_have_the_maps_of_the_command_to_the_byte(
    photos: Path, torch_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(torch_home))
    files = [str(path) for path in sorted(photos.iterdir())[:2]]
    folder = run_of(files, tmp_path / "out", "-m", "squeezenet1_1", "--method", "deep-lift")
    for found, row in zip(
        camcli.explain("squeezenet1_1", files, method="deep-lift"),
        camcli.open_run(folder),
        strict=True,
    ):
        assert found.map is not None
        assert row.map is not None
        assert found.map.tobytes() == row.map.tobytes()


def test_settings_of_maps_and_pictures_are_those_of_the_command(
    files: list[str], tmp_path: Path
) -> None:
    settings = {
        "output.map_size": "original", "output.normalize": "max", "output.caption": "full",
        "output.colorbar": True, "output.overlay_side": 60, "preprocess.crop": 96,
        "run.max_pixels": 19_000,
    }  # fmt: skip
    given = [text for key, value in settings.items() for text in ("--set", f"{key}={value}")]
    command = ["explain", *files, "-q", "-j", "1", "-m", "demo", "-o", str(tmp_path / "out")]
    assert CliRunner().invoke(app, [*command, *given]).exit_code == 1
    found = camcli.explain("demo", files, settings=settings)
    for one, row in zip(found, camcli.open_run(tmp_path / "out"), strict=True):
        assert (one.image, one.status, one.reason) == (row.image, row.status, row.reason)
        if one.status == "ok":
            assert one.map is not None
            assert row.map is not None
            assert one.map.tobytes() == row.map.tobytes()
            assert np.array_equal(np.asarray(one.overlay()), np.asarray(row.overlay()))
    assert {one.status for one in found} == {"ok", "failed"}


def test_weights_are_drawn_for_the_input_that_is_asked_for(
    files: list[str], tmp_path: Path
) -> None:
    pytest.importorskip("timm")
    drawn = {"model.weights": None}
    size = {"resize": 40, "crop": 32}
    folder = run_of(
        files, tmp_path / "out", "-m", "timm:test_resnet", "--set", "model.weights=null",
        "--set", "preprocess={resize: 40, crop: 32}",
    )  # fmt: skip
    found = camcli.explain("timm:test_resnet", files, preprocess=size, settings=drawn)
    for one, row in zip(found, camcli.open_run(folder), strict=True):
        assert one.target is not None
        assert one.target.score == row.target["score"]
