"""The weights of a network are found among what a checkpoint holds, and the rest is told."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from camcli.errors import CamcliWarning, ModelError
from camcli.models.checkpoints.names import under_own_names
from camcli.models.checkpoints.sets import WeightSet, weights_in

A, B = torch.zeros(1), torch.ones(1)
FILE = Path("best.pth")
OPTIMIZER = {"state": {0: {"step": A}}, "param_groups": [{"lr": 0.1}]}
NAMES = ("conv.weight", "head.bias", "norm.num_batches_tracked")


def named(weights: dict[str, Tensor], expected: Collection[str], path: Path) -> dict[str, Tensor]:
    return under_own_names(WeightSet(weights), expected, path)


def _behind(prefix: str, tensor: Tensor = A) -> dict[str, Tensor]:
    return {f"{prefix}conv.weight": tensor, f"{prefix}head.bias": tensor}


@pytest.mark.parametrize(
    ("content", "used", "left_out"),
    [
        ({"x": A, "epoch": 3}, "the weights are", "epoch"),
        ({"state_dict": {"x": A}, "epoch": 3, "optimizer": OPTIMIZER}, "'state_dict'",
         "epoch, optimizer"),
        ({"model_ema": {"x": B}, "model": {"x": A}}, "'model'",
         "model_ema (averaged weights, which --set model.ema=yes takes)"),
        ({"model": {"state_dict": {"x": A}, "arch": "a"}, "lr": 1}, "'model.state_dict'",
         "lr, arch"),
        ({"model": {"arch": "a"}, "params": {"x": A}}, "'params'", "model"),
        ({"state_dict": {"x": A}, "queue": B}, "'state_dict'", "queue"),
    ],
)  # fmt: skip
def test_the_weights_are_found_and_what_is_left_out_is_told(
    content: dict[str, Any], used: str, left_out: str
) -> None:
    with pytest.warns(CamcliWarning) as told:
        assert weights_in(content, FILE).weights == {"x": A}
    message = str(told[0].message)
    assert used in message
    assert message.endswith(f"and not {left_out}")
    assert len(told) == 1


def test_weights_by_themselves_need_no_word() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert weights_in({"x": A}, FILE).weights == {"x": A}
        assert weights_in({"state_dict": {"x": A}}, FILE).weights == {"x": A}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"student": {"x": A}, "teacher": {"x": B}}, "several sets of weights, student"),
        ({"epoch": 3}, "no mapping of names to tensors"),
        ({"state_dict": {}}, "no mapping of names to tensors"),
        ([A], "no mapping of names to tensors"),
    ],
)  # fmt: skip
def test_weights_that_are_not_there_or_not_named_are_refused(content: Any, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        weights_in(content, FILE)


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module.model.", "backbone."])
def test_a_prefix_of_all_names_is_taken_off(prefix: str) -> None:
    assert named(_behind(prefix), NAMES, FILE) == _behind("")


def test_each_name_may_have_its_own_wrapper() -> None:
    mixed = {"module.conv.weight": A, "model._orig_mod.head.bias": B}
    assert named(mixed, NAMES, FILE) == {"conv.weight": A, "head.bias": B}
    compiled = {"conv._orig_mod.weight": A, "module.head.bias": B}
    assert named(compiled, NAMES, FILE) == {"conv.weight": A, "head.bias": B}


def test_names_that_only_look_like_wrappers_stay() -> None:
    own = ("model.conv.weight", "head.bias")
    weights = {"model.conv.weight": A, "head.bias": B}
    assert named(weights, own, FILE) == weights


def test_weights_of_other_parts_are_left_out_and_told() -> None:
    weights = _behind("net.") | {"criterion.weight": B, "optimizer.step": B}
    with pytest.warns(CamcliWarning, match="'net' are used, and not criterion.weight, optimizer"):
        assert named(weights, NAMES, FILE) == _behind("")


def test_the_usual_prefix_wins_over_another_and_the_other_is_told() -> None:
    with pytest.warns(
        CamcliWarning, match="'model' are used, and not model_ema.conv.weight, .*model.ema=yes"
    ):
        found = named(_behind("model.") | _behind("model_ema.", B), NAMES, FILE)
    assert found == _behind("")


def test_weights_that_fit_bare_and_behind_a_wrapper_are_not_guessed() -> None:
    with pytest.raises(ModelError, match="2 times, under the network's own names, behind 'module'"):
        named({**_behind(""), **_behind("module.", B)}, NAMES, FILE)


def test_weights_behind_two_prefixes_are_not_guessed() -> None:
    with pytest.raises(ModelError, match="behind 'student', behind 'teacher'"):
        named(_behind("student.") | _behind("teacher.", B), NAMES, FILE)


def test_a_name_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ModelError, match=r"conv\.weight twice"):
        named({"conv.weight": A, "module.conv.weight": B}, NAMES, FILE)


def test_names_that_do_not_fit_are_left_for_the_comparison() -> None:
    assert named({"module.x": A}, NAMES, FILE) == {"module.x": A}
