"""`camcli explain`, as a user runs it."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Camcli, rows_in


@pytest.mark.slow
def test_a_folder_becomes_maps_overlays_and_rows(camcli: Camcli, scenes: Path) -> None:
    finished = camcli("explain", scenes, "-o", "out")
    assert finished.code == 0, finished.stderr
    assert finished.stdout == ""
    rows = rows_in(Path("out"))
    names = ["0.png", "1.png", "2.png", "3.png", "4.png", "more/5.png", "more/6.png"]
    assert [row["image"] for row in rows] == names
    for row in rows:
        assert row["status"] == "ok"
        assert row["map"] == f"maps/{row['image']}.npy"
        assert row["overlay"] == f"overlays/{row['image']}.png"
        assert row["completeness_error"] < 1e-4
        values = np.load(Path("out") / row["map"], allow_pickle=False)
        assert values.shape == (128, 128)
        with Image.open(Path("out") / row["overlay"]) as overlay:
            assert overlay.size == (row["width"], row["height"])
        for what, path in (("map", row["map"]), ("overlay", row["overlay"])):
            data = (Path("out") / path).read_bytes()
            assert hashlib.sha256(data).hexdigest() == row["sha256"][what]
        image = (scenes / row["image"]).read_bytes()
        assert hashlib.sha256(image).hexdigest() == row["sha256"]["image"]


@pytest.mark.slow
def test_run_json_records_what_was_done(camcli: Camcli, scenes: Path) -> None:
    camcli("explain", scenes, "-o", "out", "--set", "output.alpha=0.3")
    record = json.loads(Path("out/run.json").read_text())
    assert record["state"] == "finished"
    assert record["rows"] == {"ok": 7, "degenerate": 0, "failed": 0}
    assert record["images"] == 7
    assert record["config"]["output"]["alpha"] == 0.3
    assert record["fingerprint"]["model"]["layer"] == "stages.3"
    assert len(record["fingerprint"]["model"]["weights"]) == len("sha256:") + 64
    assert {"total", "explain"} <= set(record["seconds"])
    assert {"torch", "torchvision"} <= set(record["packages"])


@pytest.mark.slow
def test_json_rows_on_stdout_are_the_manifest(camcli: Camcli, scenes: Path) -> None:
    finished = camcli("explain", scenes, "--json", "-q")
    assert finished.stderr == ""
    assert finished.stdout.splitlines() == Path("out/manifest.jsonl").read_text().splitlines()


@pytest.mark.slow
def test_several_targets_carry_the_class_in_their_names(camcli: Camcli, scenes: Path) -> None:
    finished = camcli("explain", scenes / "0.png", "--target", "top2", "--target", "fish")
    assert finished.code in (0, 1), finished.stderr
    for row in rows_in(Path("out")):
        if row["status"] == "ok":
            assert row["map"].endswith(f"0.png.{row['target']['index']}.npy")
            assert (Path("out") / row["map"]).is_file()


@pytest.mark.slow
def test_only_what_is_asked_for_is_written(camcli: Camcli, scenes: Path) -> None:
    camcli("explain", scenes, "--save", "maps", "--set", "output.map_size=original")
    assert not Path("out/overlays").exists()
    for row in rows_in(Path("out")):
        values = np.load(Path("out") / row["map"])
        assert values.shape == (row["height"], row["width"])
        assert row["overlay"] is None


@pytest.mark.slow
def test_overlays_can_be_small_jpeg_files(camcli: Camcli, scenes: Path) -> None:
    small = ("--set", "output.overlay_format=jpg", "--set", "output.overlay_side=64")
    assert camcli("explain", scenes, *small).code == 0
    assert camcli("verify", "out").code == 0
    for row in rows_in(Path("out")):
        with Image.open(Path("out") / row["overlay"]) as drawn:
            assert drawn.format == "JPEG"
            assert max(drawn.size) == 64
        with Image.open(row["path"]) as image:
            assert (row["width"], row["height"]) == image.size


@pytest.mark.slow
def test_a_broken_image_fails_alone(camcli: Camcli, scenes: Path, broken_jpeg: Path) -> None:
    finished = camcli("explain", scenes / "0.png", broken_jpeg, scenes / "1.png")
    assert finished.code == 1
    first, failed, last = rows_in(Path("out"))
    assert (first["status"], failed["status"], last["status"]) == ("ok", "failed", "ok")
    assert failed["error"]["type"]
    assert failed["error"]["message"]
    assert failed["map"] is None
    assert "broken.jpg" in finished.stderr
    assert camcli("explain", broken_jpeg, "-o", "again", "--exit-zero").code == 0


@pytest.mark.slow
def test_paths_come_on_standard_input(camcli: Camcli, scenes: Path) -> None:
    listed = b"\0".join(os.fsencode(scenes / name) for name in ("1.png", "0.png", "gone.png"))
    finished = camcli("explain", "-", "-0", stdin=listed)
    assert finished.code == 1
    rows = rows_in(Path("out"))
    assert [row["status"] for row in rows] == ["ok", "ok", "failed"]
    assert [Path(row["path"]).name for row in rows] == ["1.png", "0.png", "gone.png"]


@pytest.mark.slow
def test_a_limit_applies_to_a_glob(camcli: Camcli, scenes: Path) -> None:
    assert camcli("explain", f"{scenes}/*.png", "--limit", "3").code == 0
    assert len(rows_in(Path("out"))) == 3


@pytest.mark.slow
def test_a_dry_run_touches_nothing(camcli: Camcli, scenes: Path) -> None:
    finished = camcli("explain", scenes, "--method", "grad-cam", "--dry-run")
    assert finished.code == 0
    assert "grad-cam" in finished.stdout
    assert "7 images" in finished.stderr
    assert not Path("out").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["-m", "resnet5"], "did you mean 'resnet50'"),
        (["--layer", "stages.4"], "did you mean 'stages."),
        (["--layer", "classifier"], "no extent in space"),
        (["--method", "lift-cm"], "did you mean 'lift-cam'"),
        (["--set", "method.options={channels: 3}"], "no such option"),
        (
            ["--method", "lime-cam", "--set", f"method.options.samples={2**64}"],
            "less than 2^63",
        ),
        (["--set", f"run.seed={2**64}"], "from 0 to"),
        (["--target", "cow"], "no class 'cow'"),
        (["--set", "output.alpha=2"], "output.alpha"),
        (["--set", "ouput.alpha=0.2"], "ouput: no such key"),
        (["-c", "missing.yaml"], "missing.yaml"),
        (["--checkpoint", "missing.pth"], "missing.pth"),
        (["--device", "gpu"], "auto, cpu, cuda"),
        (["-b", "none"], "run.batch_size"),
        (["--resume", "--overwrite"], "contradict"),
    ],
)
def test_mistakes_exit_2_before_any_image(
    camcli: Camcli, scenes: Path, arguments: list[str], complaint: str
) -> None:
    finished = camcli("explain", scenes, *arguments)
    assert finished.code == 2
    assert complaint in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not Path("out").exists()


@pytest.mark.parametrize("given", ["nowhere", "nothing/*.jpg"])
def test_an_input_without_images_exits_2(camcli: Camcli, given: str) -> None:
    finished = camcli("explain", given)
    assert finished.code == 2
    assert given in finished.stderr


@pytest.mark.slow
def test_an_occupied_folder_is_refused_overwritten_or_resumed(camcli: Camcli, scenes: Path) -> None:
    assert camcli("explain", scenes, "--limit", "3").code == 0
    refused = camcli("explain", scenes)
    assert refused.code == 2
    assert "--resume" in refused.stderr
    assert "--overwrite" in refused.stderr

    first = Path("out/maps/0.png.npy").stat().st_mtime_ns
    assert camcli("explain", scenes, "--resume").code == 0
    assert len(rows_in(Path("out"))) == 7
    assert Path("out/maps/0.png.npy").stat().st_mtime_ns == first

    other = camcli("explain", scenes, "--resume", "--method", "grad-cam")
    assert other.code == 2
    assert "method.name: lift-cam then, grad-cam now" in other.stderr

    Path("out/notes.txt").write_text("mine")
    assert camcli("explain", scenes, "--overwrite", "--limit", "2").code == 0
    assert len(rows_in(Path("out"))) == 2
    assert not Path("out/maps/more").exists()
    assert Path("out/notes.txt").read_text() == "mine"


@pytest.mark.slow
def test_a_checkpoint_brings_its_own_number_of_classes(camcli: Camcli, scenes: Path) -> None:
    import torch
    import torchvision

    network = torchvision.models.squeezenet1_1(num_classes=3)
    torch.save({"state_dict": {f"module.{k}": v for k, v in network.state_dict().items()}}, "n.pth")
    finished = camcli(
        "explain", scenes, "-m", "squeezenet1_1", "--checkpoint", "n.pth", "--target", "2",
        "--exit-zero",
    )  # fmt: skip
    assert finished.code == 0, finished.stderr
    assert {row["target"]["index"] for row in rows_in(Path("out"))} == {2}
    wrong = camcli("explain", scenes, "-m", "resnet18", "--checkpoint", "n.pth", "-o", "other")
    assert wrong.code == 2
    assert "does not fit the network" in wrong.stderr
    assert "conv1.weight" in wrong.stderr


@pytest.mark.slow
def test_real_photographs_are_explained(
    camcli: Camcli,
    photos: Path,
    photo_classes: Path,
    torch_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The whole job: real network, real photographs."""
    monkeypatch.setenv("TORCH_HOME", str(torch_home))
    finished = camcli("explain", photos, "-m", "squeezenet1_1", "--method", "lift-cam")
    assert finished.code == 0, finished.stderr
    with photo_classes.open(newline="") as file:
        truth = {row["image"]: int(row["class_index"]) for row in csv.DictReader(file)}
    rows = rows_in(Path("out"))
    assert {row["image"] for row in rows} == set(truth)
    assert len(list(Path("out/maps").glob("*.npy"))) == 100
    assert len(list(Path("out/overlays").glob("*.png"))) == 100
    assert all(row["completeness_error"] < 1e-4 for row in rows)
    right = sum(row["target"]["index"] == truth[row["image"]] for row in rows)
    assert abs(right - 65) <= 1


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "camcli", "explain", *arguments]
    return subprocess.Popen(
        command, cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not (path.is_file() and path.stat().st_size):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
def test_ctrl_c_finishes_what_is_in_flight_and_can_be_resumed(
    camcli: Camcli, scenes: Path, tmp_path: Path
) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(300):
        shutil.copy(scenes / f"{number % 5}.png", many / f"{number:03}.png")
    process = start(tmp_path, str(many), "-b", "2")
    wait_for(tmp_path / "out" / "manifest.jsonl", process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "--resume" in errors
    rows = rows_in(tmp_path / "out")
    assert 0 < len(rows) < 300
    assert len(list((tmp_path / "out" / "maps").iterdir())) == len(rows)
    assert json.loads((tmp_path / "out" / "run.json").read_text())["state"] == "interrupted"

    assert camcli("explain", many, "--resume", "-b", "32").code == 0
    assert [row["image"] for row in rows_in(Path("out"))] == sorted(p.name for p in many.iterdir())


@pytest.mark.slow
def test_ctrl_c_ends_a_wait_for_standard_input(scenes: Path, tmp_path: Path) -> None:
    process = start(tmp_path, "-")
    assert process.stdin is not None
    process.stdin.write(f"{scenes / '0.png'}\n")
    process.stdin.flush()
    wait_for(tmp_path / "out" / "manifest.jsonl", process)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=60)
    assert process.returncode == 130
    assert len(rows_in(tmp_path / "out")) == 1
