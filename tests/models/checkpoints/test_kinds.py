"""Every kind of checkpoint fills a network value for value, or says what would."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from camcli.config import ModelConfig
from camcli.errors import CamcliWarning, ModelError
from camcli.models import load_model
from tests.models.checkpoints import kinds

Kind = Callable[[Path], Path]


def loaded(path: Path, **choice: Any) -> nn.Module:
    given = ModelConfig(name="tests.models.factories:build", weights=str(path), **choice)
    return load_model(given).network


def assert_same(found: nn.Module, expected: nn.Module) -> None:
    have, want = found.state_dict(), expected.state_dict()
    assert have.keys() == want.keys()
    assert all(torch.equal(have[name], want[name]) for name in want)


def named(kinds: tuple[Kind, ...]) -> Any:
    return pytest.mark.parametrize("kind", kinds, ids=lambda kind: kind.__name__)


@pytest.fixture(autouse=True)
def other_weights() -> None:
    assert not torch.equal(kinds.RAW.head.weight, kinds.AVERAGE.head.weight)


@named((*kinds.RAW_KINDS, *kinds.BOTH_KINDS))
@pytest.mark.filterwarnings("ignore::camcli.errors.CamcliWarning")
def test_the_trained_weights_are_found(tmp_path: Path, kind: Kind) -> None:
    assert_same(loaded(kind(tmp_path)), kinds.RAW)


@named((*kinds.BOTH_KINDS, *kinds.AVERAGE_KINDS))
@pytest.mark.filterwarnings("ignore::camcli.errors.CamcliWarning")
def test_averages_are_taken_where_they_are_asked_for(tmp_path: Path, kind: Kind) -> None:
    assert_same(loaded(kind(tmp_path), ema=True), kinds.AVERAGE)


@named(kinds.BOTH_KINDS)
def test_of_weights_and_averages_what_is_used_is_told(tmp_path: Path, kind: Kind) -> None:
    path = kind(tmp_path)
    with pytest.warns(CamcliWarning, match=r"which --set model\.ema=yes takes"):
        loaded(path)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        loaded(path, ema=True)
    assert any("ema" in str(each.message).partition(" are used")[0] for each in told)


@named(kinds.AVERAGE_KINDS)
def test_averages_alone_are_taken_unless_they_are_refused(tmp_path: Path, kind: Kind) -> None:
    path = kind(tmp_path)
    with pytest.warns(CamcliWarning):
        assert_same(loaded(path), kinds.AVERAGE)
    with pytest.raises(ModelError, match=r"model\.ema: no, but .* averaged weights alone"):
        loaded(path, ema=False)


@named((kinds.lightning_model, kinds.sharded_safetensors, kinds.distributed))
@pytest.mark.filterwarnings("ignore::camcli.errors.CamcliWarning")
def test_averages_that_are_not_there_are_not_replaced(tmp_path: Path, kind: Kind) -> None:
    with pytest.raises(ModelError, match=r"model\.ema: yes, but .* no averaged weights"):
        loaded(kind(tmp_path), ema=True)


def test_a_key_names_the_set_that_is_meant(tmp_path: Path) -> None:
    weights = {"student": kinds.RAW.state_dict(), "teacher": kinds.AVERAGE.state_dict()}
    torch.save({"distilled": weights, "epoch": 3}, tmp_path / "a.pt")
    with pytest.raises(ModelError, match=r"--checkpoint-key distilled\.student"):
        loaded(tmp_path / "a.pt")
    with pytest.raises(ModelError, match="nothing in") as caught:
        loaded(tmp_path / "a.pt", checkpoint_key="distiled.teacher")
    assert "weights are in distilled.student, distilled.teacher" in str(caught.value)
    found = loaded(tmp_path / "a.pt", checkpoint_key="distilled.teacher")
    assert_same(found, kinds.AVERAGE)


def test_a_prefix_names_the_part_that_is_meant(tmp_path: Path) -> None:
    both = kinds._behind("student.") | kinds._behind("teacher.", kinds.AVERAGE)
    torch.save(both, tmp_path / "a.pt")
    with pytest.raises(ModelError, match="--strip-prefix student"):
        loaded(tmp_path / "a.pt")
    for prefix in ("teacher.", "teacher"):
        with pytest.warns(CamcliWarning, match=r"'teacher' are used, and not student\.stem"):
            assert_same(loaded(tmp_path / "a.pt", strip_prefix=prefix), kinds.AVERAGE)
    with pytest.raises(ModelError, match=r"did you mean 'teacher\.'.*student\., teacher\."):
        loaded(tmp_path / "a.pt", strip_prefix="techer.")


def test_a_head_of_another_length_says_how_to_build_the_network(tmp_path: Path) -> None:
    weights = kinds.RAW.state_dict()
    weights |= {"head.weight": torch.ones(4, 8), "head.bias": torch.ones(4)}
    torch.save(weights, tmp_path / "a.pt")
    with pytest.raises(ModelError) as caught:
        loaded(tmp_path / "a.pt")
    assert "head.weight: (4, 8) instead of (10, 8)" in str(caught.value)
    assert "model.kwargs.num_classes=4" in str(caught.value)
