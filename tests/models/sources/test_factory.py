"""Networks that a function of the user's makes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from camcli.config import ModelConfig, PreprocessConfig
from camcli.models import load_model
from tests.models.factories import READY, Small

FACTORIES = "tests.models.factories"


def config(name: str, **options: Any) -> ModelConfig:
    return ModelConfig(**{"name": name, "weights": None, **options})


def test_a_factory_gets_its_arguments_and_keeps_its_weights() -> None:
    loaded = load_model(
        ModelConfig(name=f"{FACTORIES}:build", kwargs={"classes": 7}), PreprocessConfig(crop=64)
    )
    torch.manual_seed(3)
    expected = Small(7).state_dict()
    found = loaded.network.state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
    assert not loaded.network.training
    assert (loaded.preprocess.crop, loaded.labels, loaded.default_layer) == ((64, 64), None, None)


def test_a_factory_may_be_a_class_or_a_network() -> None:
    assert isinstance(load_model(config(f"{FACTORIES}:Small")).network, Small)
    assert load_model(ModelConfig(name=f"{FACTORIES}:READY")).network is READY


def test_a_factory_is_found_in_the_folder_one_works_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine_only.py").write_text(
        "from torch import nn\nmake = lambda: nn.Conv2d(3, 4, 1)"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    assert isinstance(load_model(ModelConfig(name="mine_only:make")).network, nn.Conv2d)


def test_a_factory_takes_a_checkpoint_with_wrappers_and_prefixes(tmp_path: Path) -> None:
    torch.manual_seed(9)
    weights = Small(4).state_dict()
    path = tmp_path / "mine.pth"
    prefixed = {f"module._orig_mod.{name}": tensor for name, tensor in weights.items()}
    torch.save({"epoch": 3, "state_dict": prefixed}, path)
    loaded = load_model(
        config(f"{FACTORIES}:build", weights=str(path), kwargs={"classes": 4})
    ).network.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in weights.items())
