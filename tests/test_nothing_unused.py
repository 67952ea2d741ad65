"""Nothing that a user gives is unused without a word: one thing too many of every kind.

A new kind of input is a row here: what is too much, the command line, and what must be told.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from PIL import Image

from camcli.config import Config
from camcli.models.prompts import PromptPlan, plan_prompts
from camcli.run.build import BuiltRun
from camcli.run.unused import idle_inputs
from camcli.targets.class_table import ClassTable
from camcli.targets.plan import TargetPlan
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
        "model.labels has 11 class names, but the network scores 10 classes",
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
        "the weights in 'model' are used, and not model_ema (averaged weights, "
        "which --set model.ema=yes takes)",
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
        "'shap-cam' is not among the methods that are asked for (grad-cam)",
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
    "a retry in a folder to be replaced": (
        (*EXPLAIN, "--retry-failed", "--overwrite"),
        "contradict each other",
    ),
    "a method that leads over nothing": (
        (*EVALUATE, "--against", "grad-cam"),
        "nothing else is evaluated",
    ),
    "a limit of a comparison beside a file to write": (
        ("diff", "out", "golden.npz", "--freeze", "--fail-under", "cosine=0.9"),
        "leave out --fail-under",
    ),
    "a page to open that nobody makes": (("diff", "out", "out", "--open"), "none is asked for"),
    "a part of maps that are not cut": (
        ("export", "out", "--to", "csv", "--threshold", "0.5"),
        "--threshold belongs to --to coco",
    ),
    "a pattern that no layer matches": (("layers", "demo", "nosuch"), "no layer of demo matches"),
    "a pattern that no model matches": (("models", "nosuch"), "no model matches"),
    "a sign of a number": (
        (*EXPLAIN, "--target", "@signed.csv"),
        "'-2' is no class index",
    ),
    "what speaks against a class that decides nothing": (
        (*EXPLAIN, "--method", "eigen-cam", "--target", "@against.csv"),
        "no map of it shows",
    ),
    "the name of a second network": (
        ("layers", "demo", "stem", "-m", "resnet18"),
        "two networks are named",
    ),
}

# What is used in other runs and not in this one: told in a line, and the run goes on.
IDLE = {
    "several classes for a method that knows none": (
        (*EXPLAIN, "--method", "eigen-cam", "--target", "@positive"),
        "an image's targets get equal maps",
    ),
    "a class for a method that knows none, averaged over layers": (
        (*EXPLAIN, "--method", "eigen-cam", "--target", "2", "--layer", "stem", "--layer", "body"),
        "targets decide no map",
    ),
    "a style without overlays": (
        (*EXPLAIN, "--save", "maps", "--style", "heat"),
        "output.style is not used: no overlays are saved",
    ),
    "entries and columns of a listing": (
        ("explain", "photos", *NETWORK, "--method", "eigen-cam", "--target", "@listing.csv", "-q"),
        "listing.csv: nothing reads the columns versus, colour",
    ),
    "a column of a listing, evaluated": (
        (*EVALUATE, "--target", "@listing.csv"),
        "listing.csv: nothing reads the columns versus, colour",
    ),
}


def _idle(sections: dict[str, Any], prompts: PromptPlan | None = None) -> list[str]:
    config = Config.model_validate(sections)
    targets = TargetPlan(config.targets, ClassTable(2, ("a cat", "a tree")), prompts)
    built = SimpleNamespace(config=config, engine=SimpleNamespace(targets=targets))
    return list(idle_inputs(cast(BuiltRun, built)))


@pytest.fixture
def given(tmp_path: Path) -> None:
    """Make the files that the commands name."""
    (tmp_path / "photos").mkdir()
    Image.radial_gradient("L").resize((40, 40)).save(tmp_path / "photos/a.png")
    (tmp_path / "phone").mkdir()
    Image.radial_gradient("L").resize((40, 40)).save(tmp_path / "phone/b.png")
    (tmp_path / "phone/c.heic").touch()
    (tmp_path / "eleven.txt").write_text("\n".join("abcdefghijk"))
    (tmp_path / "listing.csv").write_text(
        "image,class,versus,colour\na.png,2,3,red\ngone.png,2,3,red\n"
    )
    (tmp_path / "against.csv").write_text("image,class\na.png,-2\n")
    (tmp_path / "signed.csv").write_text("image,class_index\na.png,-2\n")
    (tmp_path / "prompts.csv").write_text("image,prompt\na.png,a cat\na.png,a tree\n")
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


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize("kind", IDLE)
def test_what_decides_nothing_is_told_and_recorded(
    camcli: Camcli,  # noqa: F811
    tmp_path: Path,
    kind: str,
) -> None:
    command, told = IDLE[kind]
    finished = camcli(*command)
    assert finished.code == 0, finished.stderr
    lines = [line for line in finished.stderr.splitlines() if told in line]
    assert len(lines) == 1
    for path in tmp_path.glob("*/run.json"):
        record = json.loads(path.read_text())
        listed = [column for use in record["listings"] for column in use["columns"]]
        assert listed == ["versus", "colour"]
        assert record["unused"] == [
            line for line in finished.stderr.splitlines() if "decide no map" in line
        ]


def test_a_column_that_some_reader_of_a_file_reads_is_not_told(given: None, tmp_path: Path) -> None:
    path = tmp_path / "listing.csv"
    plan = TargetPlan([f"@{path}"], ClassTable(10, None), versus=f"@{path}")
    assert [use.columns for use in plan.file_uses()] == [("colour",), ("colour",)]


@pytest.mark.parametrize(
    ("model", "idle"),
    [
        ({"name": "demo"}, True),
        ({"name": "demo", "weights": None}, False),
        ({"name": "resnet18"}, True),
        ({"name": "tests.models.factories:build"}, False),  # it may draw random weights
        ({"name": "tests.models.factories:build", "weights": "a.pth"}, True),
    ],
)
def test_a_seed_is_told_where_no_weights_are_random(model: dict[str, Any], idle: bool) -> None:
    found = _idle({"model": model, "run": {"seed": 3}})
    assert [line.partition(":")[0] for line in found] == ["run.seed is not used"] * idle
    assert not _idle({"model": model})


@pytest.mark.parametrize(
    ("key", "value"), [("checkpoint_key", "model"), ("strip_prefix", "model."), ("ema", True)]
)
def test_a_choice_among_weights_is_told_where_no_checkpoint_is_read(
    tmp_path: Path, key: str, value: Any
) -> None:
    (tmp_path / "a.pt").touch()
    found = _idle({"model": {"name": "demo", key: value}})
    assert [line.partition(":")[0] for line in found] == [f"model.{key} is not used"]
    assert not _idle({"model": {"name": "demo", "weights": str(tmp_path / "a.pt"), key: value}})


def test_images_of_prompts_are_told_where_no_target_is_a_prompt(
    given: None, tmp_path: Path
) -> None:
    path = str(tmp_path / "prompts.csv")
    sections = {"prompts": {"file": path}}
    prompts = plan_prompts(Config.model_validate(sections).prompts)
    assert not _idle(sections, prompts)
    (told,) = _idle({**sections, "targets": "@top1"}, prompts)
    assert told.startswith(f"{path}: which image a prompt belongs to is not used")
