"""What is built unfilled draws nothing, and is whole once it is filled."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from camcli.config import ModelConfig
from camcli.models import load_model
from camcli.models.unfilled import Unfilled


def test_nothing_is_drawn_and_all_else_is_done() -> None:
    before = torch.get_rng_state()
    with Unfilled():
        not_drawn = torch.full((3,), 7.0).normal_().add_(1)
        # Of what memory may hold, these lie outside of the interval.
        truncated = nn.init.trunc_normal_(torch.full((4000,), 300.0), std=0.02)
        norm = nn.BatchNorm2d(2)

    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(not_drawn, torch.ones(3))
    assert not truncated.any()
    assert torch.equal(norm.weight, torch.ones(2))
    assert not torch.equal(torch.ones(3).normal_(), torch.ones(3))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "googlenet", "swin_t"])
def test_a_network_from_a_checkpoint_is_the_one_that_was_saved(name: str, tmp_path: Path) -> None:
    torch.manual_seed(5)
    options = {"init_weights": True} if name == "googlenet" else {}
    saved = torchvision.models.get_model(name, num_classes=7, **options).eval()
    torch.save(saved.state_dict(), tmp_path / "weights.pt")

    found = load_model(ModelConfig(name=name, weights=str(tmp_path / "weights.pt"))).network

    image = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        assert torch.equal(found(image), saved(image))
