"""The closed form of an average-pooling head is what the interpreter finds."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from camcli.attribution.attribution import attribution_of
from camcli.attribution.heads.pooled import PooledHead
from camcli.attribution.objective import Objective
from camcli.config import ModelConfig
from camcli.methods.probe import Probe
from camcli.models import load_model
from camcli.network.split import SplitNetwork, split
from camcli.network.trace import trace
from camcli.run.cut import split_at
from tests.conftest import GlobalAverageHead


def without_closed_form(halves: SplitNetwork) -> SplitNetwork:
    slow = replace(halves)
    vars(attribution_of(slow))["pooled"] = None
    return slow


def check_same(halves: SplitNetwork, images: Tensor) -> None:
    assert attribution_of(halves).pooled is not None
    fast = Probe(halves, images, with_reference=True)
    slow = Probe(without_closed_form(halves), images, with_reference=True)
    objective = Objective.of(slow.logits.argmax(1))
    torch.testing.assert_close(fast.logits, slow.logits, rtol=1e-5, atol=1e-5)
    closed, walked = (
        fast.contributions(objective),
        slow.contributions(objective),
    )
    scale = float(walked.coefficients.abs().max())
    torch.testing.assert_close(closed.maps, walked.maps, rtol=1e-5, atol=1e-6 * scale)
    torch.testing.assert_close(
        closed.coefficients, walked.coefficients, rtol=1e-4, atol=1e-6 * scale
    )
    assert closed.completeness_error.max() < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "shufflenet_v2_x0_5"])
def test_torchvisions_heads(name: str) -> None:
    model = load_model(ModelConfig(name=name, weights=None))
    torch.manual_seed(0)
    check_same(split_at(model, "auto", torch.device("cpu")), torch.randn(3, 3, 224, 224))


def test_a_mean_written_out(average_head: GlobalAverageHead) -> None:
    images = torch.randn(4, 3, 32, 32)
    check_same(split(trace(average_head, images), "features"), images)


def test_a_head_without_bias(average_head: GlobalAverageHead) -> None:
    average_head.head = nn.Linear(6, 4, bias=False)
    images = torch.randn(4, 3, 32, 32)
    check_same(split(trace(average_head.eval(), images), "features"), images)


def test_contributions_may_be_negative_and_error_is_seen(
    average_head: GlobalAverageHead,
) -> None:
    """A closed form that did not belong to the tail would not add up."""
    images = torch.randn(4, 3, 32, 32)
    halves = split(trace(average_head, images), "features")
    attribution = attribution_of(halves)
    assert attribution.pooled is not None
    wrong = replace(
        attribution.pooled, bias=attribution.pooled.bias + torch.tensor([0.0, 5.0, 0.0, 0.0])
    )
    activation = halves.trunk(images)[0].detach()
    head = PooledHead(wrong, attribution.tail, activation, ())
    vars(head)["logits"] = halves.tail(activation).detach()
    errors = head.contributions(Objective.of(torch.tensor([0, 1, 2, 1]))).completeness_error
    assert (errors[[1, 3]] > 0.1).all()
    assert (errors[[0, 2]] < 1e-5).all()


class OtherHead(nn.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.features = nn.Sequential(nn.Conv2d(3, 6, 3, stride=4, padding=1), nn.ReLU())
        self.norm = nn.LayerNorm(6)
        self.flat = nn.Linear(6 * 64, 4)
        self.head = nn.Linear(6, 4)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.features(images)
        if self.kind == "flatten":
            logits = self.flat(maps.flatten(1))
        elif self.kind == "relu":
            logits = self.head(maps.mean((2, 3)) - 0.1).relu()
        elif self.kind == "norm":
            logits = self.head(self.norm(maps.mean((2, 3))))
        elif self.kind == "max":
            logits = self.head(maps.amax((2, 3)))
        else:
            pooled = maps.mean((2, 3))
            logits = self.head(pooled) + self.head(pooled * 2)
        result: Tensor = logits
        return result


@pytest.mark.parametrize("kind", ["flatten", "relu", "norm", "max", "twice"])
def test_anything_else_is_left_to_the_interpreter(kind: str) -> None:
    images = torch.randn(2, 3, 32, 32)
    halves = split(trace(OtherHead(kind).eval(), images), "features")
    assert attribution_of(halves).pooled is None
