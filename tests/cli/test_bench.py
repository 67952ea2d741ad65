from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Camcli

_STAGES = ["decode", "hand over", "copy and normalise", "trunk", "tail and method"]
_WRITING = ["render", "encode", "write"]


@pytest.mark.slow
def test_bench_accounts_for_every_stage(camcli: Camcli, scenes: Path) -> None:
    finished = camcli("bench", scenes, "--no-compile", "--rounds", "2", "-b", "4", "--json", "-q")
    assert finished.code == 0, finished.stderr
    found = json.loads(finished.stdout)
    assert [stage["name"] for stage in found["stages"]] == _STAGES + _WRITING
    spent = {stage["name"]: stage["milliseconds"] for stage in found["stages"]}
    assert all(spent[name] > 0 for name in ("decode", "trunk", "render", "encode"))
    assert len(found["explain_seconds"]) == len(found["predict_seconds"]) == 2
    assert found["images"] == 7
    explained, predicted = found["explain_seconds"][0], found["predict_seconds"][0]
    assert found["ratios"][0] == pytest.approx(explained / predicted)
    assert found["batch_size"] == 4
    assert not Path("out").exists()


@pytest.mark.slow
def test_bench_draws_samples_if_no_image_is_given(camcli: Camcli) -> None:
    command = ("bench", "--no-compile", "--rounds", "1", "--limit", "6", "--save", "maps")
    finished = camcli(*command)
    assert finished.code == 0, finished.stderr
    assert "6 images, 1 round\n" in finished.stdout
    assert "render" in finished.stdout
    assert "decode and predict" in finished.stdout


def test_images_that_cannot_be_decoded_are_a_mistake(camcli: Camcli, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"not an image")
    finished = camcli("bench", "a.jpg", "--no-compile")
    assert finished.code == 2
    assert "of 1 image, none can be decoded" in finished.stderr
