"""Nothing that a user gives is unused without a word: one thing too many of every kind.

A new kind of input is a row here: what is too much, the command line, and what must be told.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.cli.conftest import Camcli, camcli  # noqa: F401
from tests.models.factories import Small

NETWORK = (
    *("-m", "tests.models.factories:build", "-j", "1", "--set", "run.compile=false"),
    *("--set", "preprocess={resize: 32, crop: 32}"),
)
EXPLAIN = ("explain", "--dry-run", "photos", *NETWORK)
EVALUATE = ("evaluate", "photos", "--methods", "grad-cam", "--no-costs", "-q", *NETWORK)
DUAL = ("explain", "--dry-run", "photos", "-m", "demo-clip")

TOO_MUCH = {
    "a key of the configuration": (
        (*EXPLAIN, "--set", "output.colour=jet"),
        "output.colour: no such key; did you mean 'colormap'",
    ),
    "a key in a file": ((*EXPLAIN, "-c", "surplus.yaml"), "extra: no such key"),
    "an option of the method": (
        (*EXPLAIN, "--set", "method.options={channels: 3}"),
        "channels: no such option",
    ),
    "an argument of the constructor": (
        (*EXPLAIN, "--set", "model.kwargs={depth: 3}"),
        "unexpected keyword argument 'depth'",
    ),
    "an argument for a network that takes none": (
        ("explain", "--dry-run", "photos", "-m", "demo", "--set", "model.kwargs={a: 3}"),
        "demo takes no model.kwargs",
    ),
    "the key of an output": (
        (*EXPLAIN, "--set", "model.output=1"),
        "the network returns no '1'",
    ),
    "names of classes": (
        (*EXPLAIN, "--set", "model.labels=eleven.txt"),
        "there are 11 class names, but the network scores 10 classes",
    ),
    "names of classes where prompts are scored": (
        (*DUAL, "--prompt", "a dog", "--set", "model.labels=eleven.txt"),
        "model.labels: demo-clip has no classes to name",
    ),
    "something beside the weights": (
        (*EXPLAIN, "--checkpoint", "training.pth"),
        "the weights in 'state_dict' are used, and not epoch",
    ),
    "a second set of weights": (
        (*EXPLAIN, "--checkpoint", "averaged.pth"),
        "the weights in 'model' are used, and not model_ema (weights as well)",
    ),
    "weights of another part": (
        (*EXPLAIN, "--checkpoint", "lightning.ckpt"),
        "the weights in 'net' are used, and not loss.weight",
    ),
    "a weight": (
        (*EXPLAIN, "--checkpoint", "surplus.pth"),
        "not in the network: extra.weight",
    ),
    "a picture of another format": ((*EXPLAIN, "phone"), "1 picture was left out"),
    "a picture of another format, evaluated": (
        (*EVALUATE, "phone"),
        "1 picture was left out",
    ),
    "an image that was given before": (
        (*EXPLAIN, "photos/a.png"),
        "1 of the images given are named again",
    ),
    "a prompt": ((*EXPLAIN, "--prompt", "a dog"), "scores classes and reads no text"),
    "templates without prompts": (
        (*EXPLAIN, "--set", "prompts.templates=['a photo of {}']"),
        "no texts for them",
    ),
    "a score without prompts": (
        (*DUAL, "--set", "prompts.score=softmax"),
        "no texts for them",
    ),
    "a template without a place": (
        (*DUAL, "--prompt", "a dog", "--set", "prompts.templates=['a photo']"),
        "each template has {} where the prompt goes",
    ),
    "an option of a method that is not evaluated": (
        (*EVALUATE, "--option", "shap-cam.pairs=3"),
        "--option takes METHOD.KEY=VALUE for a method that is evaluated (grad-cam)",
    ),
    "a limit of a method that is not evaluated": (
        (*EVALUATE, "--at-most", "shap-cam=3"),
        "--at-most takes METHOD=N for a method that is evaluated",
    ),
    "a method to compare with": (
        (*EVALUATE, "--against", "lift-cam"),
        "--against takes a method that is evaluated (grad-cam)",
    ),
    "a method to explain with, evaluated": (
        (*EVALUATE, "--set", "method.name=eigen-cam", "--set", "output.alpha=0.1"),
        "of the configuration it does not use method and output",
    ),
    "a second layer, evaluated": (
        (*EVALUATE, "--set", "model.layer=[stem, body]"),
        "evaluate takes one layer at a time",
    ),
    "components of a method without any": (
        (*EXPLAIN, "--save", "components"),
        "has no components to save",
    ),
    "an end of paths that are not read": (
        (*EXPLAIN, "--null"),
        "--null is for paths on standard input",
    ),
    "an input beside standard input": ((*EXPLAIN, "-"), "cannot stand beside other inputs"),
    "a policy for the folder": (
        (*EXPLAIN, "--resume", "--overwrite"),
        "contradict each other",
    ),
    "an option": ((*EXPLAIN, "--truth", "boxes.json"), "No such option: --truth"),
    "the name of a second network": (
        ("layers", "demo", "stem", "-m", "resnet18"),
        "two networks are named",
    ),
}


@pytest.fixture
def given(tmp_path: Path) -> None:
    """Make the files that the commands name."""
    (tmp_path / "photos").mkdir()
    Image.radial_gradient("L").resize((40, 40)).save(tmp_path / "photos/a.png")
    (tmp_path / "phone").mkdir()
    Image.radial_gradient("L").resize((40, 40)).save(tmp_path / "phone/b.png")
    (tmp_path / "phone/c.heic").touch()
    (tmp_path / "eleven.txt").write_text("\n".join("abcdefghijk"))
    (tmp_path / "surplus.yaml").write_text("extra: 1\n")
    weights, another = Small().state_dict(), {"loss.weight": torch.zeros(1)}
    files = {
        "training.pth": {"state_dict": weights, "epoch": 3},
        "averaged.pth": {"model": weights, "model_ema": weights},
        "lightning.ckpt": {f"net.{name}": each for name, each in weights.items()} | another,
        "surplus.pth": weights | {"extra.weight": torch.zeros(1)},
    }
    for name, content in files.items():
        torch.save(content, tmp_path / name)


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize("kind", TOO_MUCH)
def test_one_thing_too_many_is_told(camcli: Camcli, kind: str) -> None:  # noqa: F811
    command, told = TOO_MUCH[kind]
    finished = camcli(*command)
    assert told in finished.stderr
    assert "Traceback" not in finished.stderr
    warned = any(
        line.startswith("camcli: warning") and told in line for line in finished.stderr.splitlines()
    )
    assert finished.code == (0 if warned else 2)
