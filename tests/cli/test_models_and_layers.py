"""`camcli layers`, `camcli models`, and explaining with networks of the user's own, end to end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from torchvision.models import SqueezeNet1_1_Weights

from camcli.models import sources
from camcli.targets import rules
from tests.cli.conftest import Camcli, rows_in

FACTORIES = "tests.models.factories"
SMALL = ("--set", "preprocess={resize: 64, crop: [64, 96]}", "--set", "model.weights=null")


def explain(camcli: Camcli, scenes: Path, factory: str, *arguments: str) -> list[dict]:
    finished = camcli("explain", scenes, "-q", "-o", "out", "-m", f"{FACTORIES}:{factory}",
                      *SMALL, "--limit", "3", "--exit-zero", *arguments)  # fmt: skip
    assert finished.code == 0, finished.stderr
    rows = rows_in(Path("out"))
    assert all(row["completeness_error"] < 1e-4 for row in rows)
    return rows


@pytest.mark.slow
def test_a_factory_is_explained_at_inputs_that_are_not_square(camcli: Camcli, scenes: Path) -> None:
    rows = explain(camcli, scenes, "build")
    assert {row["layer"] for row in rows} == {"body"}
    maps = [np.load(Path("out") / row["map"]) for row in rows if row["map"]]
    assert maps
    assert {values.shape for values in maps} == {(64, 96)}


@pytest.mark.slow
def test_several_layers_are_averaged(camcli: Camcli, scenes: Path) -> None:
    rows = explain(camcli, scenes, "build", "--layer", "stem", "--layer", "body")
    assert {row["layer"] for row in rows} == {"stem+body"}


@pytest.mark.slow
def test_an_output_is_chosen_and_labels_are_read(
    camcli: Camcli, scenes: Path, tmp_path: Path
) -> None:
    names = [f"thing {index}" for index in range(10)]
    (tmp_path / "names.json").write_text(json.dumps(names))
    rows = explain(camcli, scenes, "TwoHeads", "--set", "model.output=main", "--set",
                   "model.labels=names.json", "--target", "thing 4")  # fmt: skip
    assert {(row["target"]["index"], row["target"]["name"]) for row in rows} == {(4, "thing 4")}


@pytest.mark.slow
def test_folders_name_classes_as_imagefolder_has_them_sorted(
    camcli: Camcli, scenes: Path, tmp_path: Path
) -> None:
    names = ["1", "10", "11", "2"]
    (tmp_path / "names.txt").write_text("\n".join(names))
    for folder in (*names, "3"):
        (tmp_path / "photos" / folder).mkdir(parents=True)
        shutil.copy(scenes / "0.png", tmp_path / "photos" / folder)
    finished = camcli("explain", "photos", "-q", "-m", f"{FACTORIES}:build", *SMALL, "--set",
                      "model.kwargs={classes: 4}", "--set", "model.labels=names.txt",
                      "--target", "folder", "-o", "out")  # fmt: skip
    assert finished.code == 1
    explained = {
        row["image"]: row["target"] and row["target"]["name"] for row in rows_in(Path("out"))
    }
    assert explained == {f"{name}/0.png": name for name in names} | {"3/0.png": None}
    (failed,) = (row["error"]["message"] for row in rows_in(Path("out")) if not row["target"])
    assert "its folder tells no class: there is no class '3'" in failed


@pytest.mark.slow
def test_folders_of_imagenet_name_classes_where_the_names_are_its_own(
    camcli: Camcli, scenes: Path, tmp_path: Path
) -> None:
    known = SqueezeNet1_1_Weights.DEFAULT.meta["categories"]
    (tmp_path / "n02102480").mkdir()
    shutil.copy(scenes / "0.png", tmp_path / "n02102480")
    command = ("explain", "n02102480", "-q", "-m", f"{FACTORIES}:build", *SMALL, "--exit-zero",
               "--set", "model.kwargs={classes: 1000}", "--target", "folder")  # fmt: skip
    for out, names in (("as_known", known), ("otherwise", known[::-1])):
        (tmp_path / f"{out}.txt").write_text("\n".join(names))
        finished = camcli(*command, "-o", out, "--set", f"model.labels={out}.txt")
        assert finished.code == 0, finished.stderr
    (row,) = rows_in(Path("as_known"))
    assert (row["target"]["index"], row["target"]["name"]) == (220, "Sussex spaniel")
    (row,) = rows_in(Path("otherwise"))
    assert row["target"] is None
    assert "it is a WordNet id" in row["error"]["message"]


@pytest.mark.slow
def test_folders_without_class_names_end_the_run_before_it_begins(
    camcli: Camcli, scenes: Path
) -> None:
    finished = camcli("explain", scenes, "-m", f"{FACTORIES}:build", *SMALL, "--target", "folder")
    assert finished.code == 2
    assert "no folder names a class; give them in model.labels" in finished.stderr
    assert not Path("out").exists()


@pytest.mark.slow
def test_a_single_logit_has_a_probability_of_its_own(camcli: Camcli, scenes: Path) -> None:
    rows = explain(camcli, scenes, "Binary", "--set", "model.kwargs={classes: 1}")
    for row in rows:
        expected = 1 / (1 + np.exp(-row["target"]["score"]))
        assert row["target"]["index"] == 0
        assert row["target"]["probability"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_independent_classes_are_explained_where_they_are_positive(
    camcli: Camcli, scenes: Path
) -> None:
    rows = explain(camcli, scenes, "MultiLabel", "--target", "positive")
    explained = [row["target"] for row in rows if row["target"]]
    assert explained
    assert all(target["score"] > 0 and target["probability"] > 0.5 for target in explained)


@pytest.mark.slow
def test_probabilities_can_be_declared(camcli: Camcli, scenes: Path) -> None:
    rows = explain(camcli, scenes, "build", "--set", "model.probabilities=sigmoid")
    for row in rows:
        expected = 1 / (1 + np.exp(-row["target"]["score"]))
        assert row["target"]["probability"] == pytest.approx(expected, rel=1e-5)


def test_layers_are_shown_as_a_tree_with_the_default_marked(camcli: Camcli) -> None:
    shown = camcli("layers", f"{FACTORIES}:build", *SMALL)
    assert shown.code == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[0] == f"{FACTORIES}:build: images of 64x96 -> 10 scores"
    assert [line.split()[0] for line in lines[1:]] == [
        "stem", "stem.0", "stem.1", "stem.2", "body", "head",
    ]  # fmt: skip
    (marked,) = [line for line in lines if line.endswith("<- default")]
    assert "body" in marked
    assert "8 maps of 16x24 (NCHW, bypassed by 1)" in marked
    assert "(B, 10), no extent in space" in lines[-1]


def test_layers_can_be_filtered_and_read_by_programs(camcli: Camcli) -> None:
    shown = camcli("layers", f"{FACTORIES}:build", "stem", "--depth", "1", "--json", *SMALL)
    found = json.loads(shown.stdout)
    assert (found["default"], found["classes"], found["image_size"]) == ("body", 10, [64, 96])
    (layer,) = found["layers"]
    assert (layer["path"], layer["shape"], layer["bypasses"]) == ("stem", [None, 8, 16, 24], 0)
    assert layer["layout"]["order"] == "NCHW"


def test_a_pattern_that_matches_no_layer_is_an_error(camcli: Camcli) -> None:
    shown = camcli("layers", f"{FACTORIES}:build", "nothing", *SMALL)
    assert (shown.code, shown.stdout) == (2, "")
    assert "no layer" in shown.stderr


@pytest.mark.slow
def test_layers_download_nothing(camcli: Camcli) -> None:
    shown = camcli("layers", "shufflenet_v2_x0_5", "conv5", "--set", "preprocess.crop=64")
    assert shown.code == 0, shown.stderr
    assert "conv5" in shown.stdout


def test_models_are_listed_with_source_and_weights(camcli: Camcli) -> None:
    listed = camcli("models").stdout
    assert "demo" in listed
    assert "resnet50" in listed
    assert "module:factory" in listed
    found = json.loads(camcli("models", "resnet5*", "--json").stdout)
    assert found == [
        {"name": "resnet50", "source": "torchvision", "weights": ["IMAGENET1K_V1", "IMAGENET1K_V2"]}
    ]


def test_a_new_source_is_listed_and_searched(
    camcli: Camcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"toy:NAME": "tests.models.toy_source:ToySource"}
    monkeypatch.setattr(sources, "SOURCES", row | dict(sources.SOURCES))
    listed = camcli("models").stdout.splitlines()
    (line,) = [line for line in listed if line.startswith("toy:NAME")]
    assert line.split()[1:4] == ["toy", "2", "models;"]
    found = json.loads(camcli("models", "toy:train", "--json").stdout)
    assert found == [{"name": "toy:train", "source": "toy", "weights": ["wooden"]}]
    assert "`camcli models 'toy:*wagon*'`" in camcli("models", "wagon").stderr


def test_the_help_names_every_source_and_every_target(camcli: Camcli) -> None:
    shown = " ".join(camcli("explain", "--help").stdout.split())
    assert f"Which network: {sources.usage()}." in shown
    assert f"What to explain: {rules.usage()}." in shown


def test_a_pattern_that_matches_no_model_is_an_error(camcli: Camcli) -> None:
    listed = camcli("models", "nothing_like_it")
    assert listed.code == 2
    assert "timm:*nothing_like_it*" in listed.stderr


@pytest.mark.slow
def test_a_layer_without_gradient_is_warned_of_in_one_line(camcli: Camcli, scenes: Path) -> None:
    pytest.importorskip("timm")
    finished = camcli("explain", scenes, "-q", "-o", "out", "-m", "timm:test_vit", "--layer",
                      "blocks.5", "--set", "model.weights=null", "--limit", "1")  # fmt: skip
    assert finished.code == 1
    assert finished.stderr.startswith("camcli: warning: the scores do not depend on")
    assert "give --layer blocks.5.norm1" in finished.stderr.splitlines()[0]
    (row,) = rows_in(Path("out"))
    assert row["status"] == "degenerate"
