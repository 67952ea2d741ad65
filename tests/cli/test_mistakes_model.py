"""Mistakes with models and layers, as users make them: each message says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn

from camcli.errors import CamcliWarning
from camcli.models.checkpoint import read_for
from tests.cli.conftest import Camcli
from tests.models.factories import Small

FACTORIES = "tests.models.factories"
SMALL = ("--set", "preprocess={resize: 64, crop: 64}", "--set", "model.weights=default")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image.png"
    Image.radial_gradient("L").convert("RGB").save(path)
    return path


@pytest.fixture
def refused(camcli: Camcli, image: Path):
    """Run `camcli explain` and return its message, which must come before any output."""

    def run(*arguments: str | Path) -> str:
        finished = camcli("explain", image, "-q", "-o", "out", *arguments)
        assert finished.code == 2, finished.stderr
        assert "Traceback" not in finished.stderr
        assert finished.stderr.startswith("camcli: ")
        assert not Path("out").exists()
        return finished.stderr

    return run


def of(factory: str) -> tuple[str, ...]:
    return ("-m", f"{FACTORIES}:{factory}", *SMALL)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("-m", "resnet5"), ["no model 'resnet5'", "'resnet50'", "camcli models"]),
        (("-m", "timm:restnet50"), ["timm has no model 'restnet50'", "'resnet50'"]),
        (("-m", "no_such_package:build"), ["no Python module 'no_such_package'", "PYTHONPATH"]),
        (("-m", f"{FACTORIES}.sub:build"), ["no Python module"]),
        (("-m", "my-package:build"), ["names no model", "package.module:factory"]),
        (of("biuld"), ["no function 'biuld'", "'build'"]),
        (of("NOT_CALLABLE"), ["no function 'NOT_CALLABLE'"]),
        (of("number"), ["returned int, not a torch.nn.Module"]),
        (of("failing"), ["fails: FileNotFoundError: weights.bin is not here"]),
        (
            (*of("build"), "--set", "model.kwargs={clases: 3}"),
            ["model.kwargs", "unexpected keyword argument 'clases'", "build(classes: 'int' = 10)"],
        ),
        (("-m", "resnet18", "--set", "model.kwargs={widht: 3}", "--set", "model.weights=null"),
         ["resnet18 does not take these model.kwargs", "widht"]),
        (("-m", "vit_b_32", "--set", "model.weights=null", "--set", "preprocess.crop=96"),
         ["does not run on images of 96x96 pixels", "Expected 224 but got 96", "preprocess.crop"]),
        ((*of("FixedSize")[:2], "--set", "preprocess={resize: 80, crop: 80}"),
         ["does not run on images of 80x80 pixels", "made for 64x64 images"]),
        (of("Branching"),
         ["cannot be traced", "the network's own forward", "factories.py, line", "torch.where"]),
        (of("FixedBatch"), ["fixes its batch size", "len(x)"]),
        (of("TwoHeads"), ["main (B, 10), aux (B, 10)", "--set model.output=KEY"]),
        ((*of("TwoHeads"), "--set", "model.output=mian"), ["no 'mian'", "'main'", "aux (B, 10)"]),
        ((*of("WithFeatures"), "--set", "model.output=features"),
         ["'features' is no scores of classes", "(B, 8, 16, 16)"]),
        ((*of("build"), "--set", "model.output=logits"),
         ["the network returns no 'logits'", "one tensor (B, 10)"]),
        (of("Headless"), ["no classification head", "8 outputs are features", "model.labels"]),
        ((*of("build"), "--layer", "bdy"), ["no layer 'bdy'", "'body'", "stem"]),
        ((*of("build"), "--layer", "head"),
         ["the layer 'head' has no extent in space", "(B, 10)", "body"]),
        ((*of("build"), "--layer", "stem", "--layer", "stem"), ["model.layer", "once"]),
        ((*of("Sorting"), "--layer", "stem"), ["aten.sort", "own forward", "grad-cam"]),
        ((*of("build"), "--checkpoint", "nowhere.pth"), ["no checkpoint file nowhere.pth"]),
        ((*of("build"), "--set", "model.labels=nowhere.txt"), ["cannot read nowhere.txt"]),
        ((*of("build"), "--set", "model.probabilities=sigmod"),
         ["'sigmod' is not one of", "sigmoid"]),
    ],
)  # fmt: skip
def test_a_mistake_is_answered_with_what_to_do(
    refused, arguments: tuple[str, ...], expected: list[str]
) -> None:
    message = refused(*arguments)
    for part in expected:
        assert part in message


def test_a_checkpoint_of_another_network_is_compared_key_by_key(refused, tmp_path: Path) -> None:
    torch.save(nn.Linear(3, 4).state_dict(), tmp_path / "other.pth")
    message = refused(*of("build"), "--checkpoint", tmp_path / "other.pth")
    assert "does not fit the network" in message
    assert "missing: stem.0.weight" in message
    assert "not in the network: weight, bias" in message


def test_a_checkpoint_that_holds_code_is_refused(refused, tmp_path: Path) -> None:
    torch.save(Small(), tmp_path / "whole.pth")
    message = refused(*of("build"), "--checkpoint", tmp_path / "whole.pth")
    assert "holds more than weights" in message
    assert "state_dict()" in message


def test_a_broken_checkpoint_is_named(refused, tmp_path: Path) -> None:
    (tmp_path / "broken.pth").write_bytes(b"not a checkpoint")
    (tmp_path / "broken.safetensors").write_bytes(b"not a checkpoint")
    for name in ("broken.pth", "broken.safetensors"):
        message = refused(*of("build"), "--checkpoint", tmp_path / name)
        assert f"{name}" in message


def test_labels_must_be_as_many_as_the_classes(refused, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("cat\ndog\n")
    message = refused(*of("build"), "--set", f"model.labels={tmp_path / 'labels.txt'}")
    assert "model.labels has 2 class names, but the network scores 10 classes" in message


@pytest.mark.parametrize("wrapper", ["state_dict", "model", "model_state_dict"])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod."])
def test_the_usual_wrappers_are_removed_from_a_checkpoint(
    tmp_path: Path, wrapper: str, prefix: str
) -> None:
    weights = {f"{prefix}{name}": tensor for name, tensor in Small().state_dict().items()}
    torch.save({wrapper: weights, "epoch": 3}, tmp_path / "wrapped.pth")
    with pytest.warns(CamcliWarning, match="not epoch"):
        found = read_for(Small(), tmp_path / "wrapped.pth")
    assert set(found) == set(Small().state_dict())
