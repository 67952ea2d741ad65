"""What determines the results of a run, and nothing else, is in its fingerprint."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import ImageFont

from camcli.config import config_keys, load_config
from camcli.config.identity import IDENTITY, Apart, Part
from camcli.errors import InputError
from camcli.output.identity import compare
from camcli.run.build import BuiltRun, build
from camcli.run.fingerprint import RESOLVED

FIXED: dict[str, Any] = {
    "model.name": "tests.models.factories:TwoHeads",
    "model.kwargs": {"classes": 2, "width": 4},
    "model.output": "main",
    "targets": ["top1"],
    "preprocess.resize": 32,
    "preprocess.crop": 32,
    "run.device": "cpu",
    "run.compile": False,
}
ALONGSIDE: dict[str, dict[str, Any]] = {
    "method.options": {"method.name": "shap-cam"},
    "output.scale": {"output.normalize": "max"},
}
"""What else is set where a key has no other value otherwise."""

OTHER: dict[str, Any] = {
    "model.name": "tests.models.factories:WithFeatures",
    "model.weights": None,
    "model.checkpoint_key": "state_dict",
    "model.strip_prefix": "module",
    "model.ema": False,
    "model.adapter": "adapter",
    "model.layer": "stem",
    "model.kwargs": {"classes": 2, "width": 5},
    "model.output": "aux",
    "model.labels": "names.txt",
    "model.probabilities": "sigmoid",
    "method.name": "grad-cam",
    "method.others": ["grad-cam"],
    "method.options": {"pairs": 3},
    "targets": ["top2"],
    "prompts.texts": ["a cat"],
    "prompts.file": "prompts.txt",
    "prompts.templates": ["a {}"],
    "prompts.score": "softmax",
    "preprocess.resize": 40,
    "preprocess.crop": 24,
    "preprocess.mean": [0.5, 0.5, 0.5],
    "preprocess.std": [0.5, 0.5, 0.5],
    "preprocess.interpolation": "bicubic",
    "preprocess.odd_margin": "down",
    "run.device": "auto",
    "run.batch_size": 3,
    "run.workers": 1,
    "run.executor": "another",
    "run.decode_timeout": 5.0,
    "run.max_pixels": 1000,
    "run.precision": "bf16",
    "images.window": [0, 4095],
    "versus": "runner-up",
    "run.compile": "auto",
    "run.seed": 1,
    "output.save": ["maps"],
    "output.map_size": "layer",
    "output.sign": "negative",
    "output.normalize": "max",
    "output.scale": 2.0,
    "output.colormap": "viridis",
    "output.alpha": 0.25,
    "output.style": "heat",
    "output.colorbar": True,
    "output.caption": "full",
    "output.font": "font.ttf",
    "output.overlay_format": "jpg",
    "output.overlay_side": 100,
}
"""For each key another value than its own in `FIXED`, or by default."""


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("names.txt").write_text("a\nb\n")
    Path("font.ttf").write_bytes(ImageFont.load_default(16).font_bytes)
    Path("prompts.txt").write_text("a cat\na dog\n")
    Path("list.csv").write_text("image,target\n0.png,1\n")
    return tmp_path


def built(**flags: Any) -> BuiltRun:
    return build(load_config(flags=FIXED | flags))


@pytest.fixture(scope="module")
def base() -> BuiltRun:
    built()  # imports the factory's module, which draws random numbers
    return built()


def differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    found = compare(one, other)
    assert not found.unknown
    return [difference.key for difference in found.differences]


def test_it_is_ready_for_json_and_says_what_auto_came_to(base: BuiltRun) -> None:
    found = base.fingerprint()
    assert json.loads(json.dumps(found)) == found
    assert found["model"]["layer"] == "body"
    assert found["run"] == {"precision": "fp32", "seed": 0}
    assert found["images"]["window"] == "auto"
    assert found["surroundings"].keys() >= {"camcli", "torch", "device"}


@pytest.mark.parametrize("key", list(config_keys()))
def test_a_key_makes_another_run_exactly_where_it_decides_results(key: str, base: BuiltRun) -> None:
    flags = ALONGSIDE.get(key, {})
    if flags:
        base = built(**flags)
    flags = flags | {key: OTHER[key]}
    resolved = IDENTITY[key] is Part.RESOLVED
    other = built(**flags) if resolved else replace(base, config=load_config(flags=FIXED | flags))
    found = differing(base.fingerprint(), other.fingerprint())
    apart = isinstance(IDENTITY[key], Apart)
    assert {each[: len(key)] for each in found} == (set() if apart else {key})


def test_what_each_resolved_key_comes_to_is_known() -> None:
    assert RESOLVED.keys() == {key for key, part in IDENTITY.items() if part is Part.RESOLVED}


def test_an_option_at_its_default_is_the_option_not_given(base: BuiltRun) -> None:
    shap = built(**{"method.name": "shap-cam"})
    given = built(**{"method.name": "shap-cam", "method.options": {"pairs": 10}})
    assert shap.fingerprint() == given.fingerprint()


NET = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)
        self.register_buffer("table", torch.tensor([1.0, 2.0]), persistent=False)

    def forward(self, images):
        return self.table * self.head(self.body(images).relu().mean((2, 3)))
"""


def fingerprint_of_code(code: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.delitem(sys.modules, "edited_net", raising=False)
    monkeypatch.syspath_prepend(str(Path.cwd()))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    Path("edited_net.py").write_text(code)
    return built(
        **{"model.name": "edited_net:Net", "model.kwargs": {}, "model.output": None}
    ).fingerprint()


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (".mean((2, 3))", ".amax((2, 3))"),
        ("[1.0, 2.0]", "[1.0, 2.5]"),
        ("nn.Conv2d(3, 4, 3)", "nn.Conv2d(3, 4, 3, padding=1)"),
        ("self.table *", "self.table * 1.5 *"),
    ],
)
def test_a_network_whose_code_was_edited_is_another(
    was: str, now: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint_of_code(NET, monkeypatch)
    assert fingerprint_of_code(f"# A comment.\n{NET}", monkeypatch) == before
    assert was in NET
    assert differing(before, fingerprint_of_code(NET.replace(was, now), monkeypatch)) == [
        "model.graph"
    ]


@pytest.mark.parametrize(
    ("key", "path", "spelt"),
    [
        ("model.labels", "names.txt", "{}"),
        ("targets", "list.csv", "@{}"),
        ("targets", "list.csv", "-@{}"),
        ("targets", "list.csv", " - @{} "),
        ("prompts.file", "prompts.txt", "{}"),
    ],
)
def test_a_file_counts_by_what_it_holds_and_not_by_where_it_lies(
    key: str, path: str, spelt: str, base: BuiltRun
) -> None:
    def fingerprint(path: Path) -> dict[str, Any]:
        given = spelt.format(path)
        flags = {key: [given] if key == "targets" else given}
        if key == "prompts.file":  # which this network cannot use
            return replace(base, config=load_config(flags=FIXED | flags)).fingerprint()
        return built(**flags).fingerprint()

    before = fingerprint(Path(path))
    moved = Path("elsewhere") / f"moved.{path}"
    moved.parent.mkdir()
    moved.write_bytes(Path(path).read_bytes())
    assert fingerprint(moved) == before
    content = moved.read_text()
    moved.write_text(content.replace("b", "c").replace(",1", ",0").replace("dog", "horse"))
    assert differing(before, fingerprint(moved)) == [key]


def test_a_file_that_has_gone_is_named(base: BuiltRun) -> None:
    config = load_config(flags=FIXED | {"prompts.file": "nowhere.txt"})
    with pytest.raises(InputError, match=r"cannot read nowhere\.txt"):
        replace(base, config=config).fingerprint()
