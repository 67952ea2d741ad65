"""Default weights stay, random ones are made to see, a checkpoint's are filled in."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from camcli.config import ModelConfig
from camcli.errors import ModelError
from camcli.models.weights import set_weights, weights_record
from tests.models.factories import Small

SIZE = (32, 32)


def given(weights: str | None) -> ModelConfig:
    return ModelConfig(weights=weights)


def state_of(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def changed(network: nn.Module, before: dict[str, torch.Tensor]) -> set[str]:
    return {name for name, t in network.state_dict().items() if not torch.equal(t, before[name])}


def test_default_weights_stay_as_they_are() -> None:
    network = Small()
    before = state_of(network)
    set_weights(network, given("default"), SIZE)
    assert not changed(network, before)


def test_random_weights_have_batch_norm_fitted_to_them() -> None:
    network = Small()
    before = state_of(network)
    set_weights(network, given(None), SIZE)
    assert changed(network, before) == {
        "stem.1.running_mean",
        "stem.1.running_var",
        "stem.1.num_batches_tracked",
    }


def test_only_the_part_that_takes_images_is_fitted() -> None:
    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.text, self.visual = Small(), Small()

    pair = Pair()
    before = state_of(pair)
    set_weights(pair, given(None), SIZE, images=pair.visual)
    assert {name.partition(".")[0] for name in changed(pair, before)} == {"visual"}


def test_a_checkpoint_fills_the_whole(tmp_path: Path) -> None:
    saved, network = Small(), Small()
    torch.save(saved.state_dict(), tmp_path / "weights.pt")
    set_weights(network, given(str(tmp_path / "weights.pt")), SIZE)
    assert not changed(network, state_of(saved))
    with pytest.raises(ModelError, match="does not fit"):
        set_weights(Small(classes=3), given(str(tmp_path / "weights.pt")), SIZE)


def test_the_record_of_a_run_names_random_weights() -> None:
    assert [weights_record(weights) for weights in (None, "default", "a.pt")] == [
        "random",
        "default",
        "a.pt",
    ]
