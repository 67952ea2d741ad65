"""Checkpoints fill a network exactly, or say what differs."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import torch

from camcli.config import ModelConfig
from camcli.errors import ModelError
from camcli.models import load_model
from camcli.models.checkpoint import read_checkpoint
from tests.models.factories import Small


def test_a_checkpoint_that_was_packed_again_is_read_rightly(tmp_path: Path) -> None:
    weights = {"a": torch.randn(50, 50), "b": torch.arange(9.0)}
    torch.save(weights, tmp_path / "stored.pth")
    with (
        zipfile.ZipFile(tmp_path / "stored.pth") as stored,
        zipfile.ZipFile(tmp_path / "deflated.pth", "w", zipfile.ZIP_DEFLATED) as deflated,
    ):
        for name in stored.namelist():
            deflated.writestr(name, stored.read(name))

    for name in ("stored.pth", "deflated.pth"):
        found = read_checkpoint(tmp_path / name).weights
        assert all(torch.equal(found[key], weights[key]) for key in weights)


def test_a_checkpoint_that_does_not_fit_is_listed_by_key_and_shape(tmp_path: Path) -> None:
    weights = Small(4).state_dict()
    weights["spare.weight"] = weights.pop("body.bias")
    path = tmp_path / "mine.pth"
    torch.save(weights, path)
    with pytest.raises(ModelError) as caught:
        load_model(ModelConfig(name="tests.models.factories:build", weights=str(path)))
    message = str(caught.value)
    assert "missing: body.bias" in message
    assert "not in the network: spare.weight" in message
    assert "head.weight: (4, 8) instead of (10, 8)" in message
