"""One class of a convolutional head is what the whole head says of that class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from camcli.attribution.attribution import attribution_of
from camcli.attribution.objective import Objective
from camcli.config import ModelConfig
from camcli.methods.probe import Probe
from camcli.models import load_model
from camcli.network.split import SplitNetwork, split
from camcli.network.trace import trace
from camcli.run.cut import split_at

CLASSES = 5


class NetworkInNetwork(nn.Module):
    def __init__(self, last: nn.Module, rest: nn.Module) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1, stride=2), nn.Tanh())
        self.last = last
        self.rest = rest

    def forward(self, images: Tensor) -> Tensor:
        return self.rest(self.last(self.features(images)))


class Mean(nn.Module):
    def forward(self, maps: Tensor) -> Tensor:
        return maps.mean((2, 3))


def cut(last: nn.Module, *rest: nn.Module) -> SplitNetwork:
    network = NetworkInNetwork(last, nn.Sequential(*rest)).eval()
    return split(trace(network, torch.randn(2, 3, 16, 16)), "features")


def pointwise(**settings: bool) -> nn.Conv2d:
    return nn.Conv2d(6, CLASSES, 1, **settings)


POOLED = (nn.AdaptiveAvgPool2d(1), nn.Flatten())


def check_same(halves: SplitNetwork, images: Tensor) -> None:
    whole = replace(halves)
    vars(attribution_of(whole))["one_class"] = None
    assert attribution_of(halves).one_class is not None
    one, every = (Probe(network, images, with_reference=True) for network in (halves, whole))
    torch.testing.assert_close(one.logits, every.logits)
    objective = Objective.of(torch.arange(len(images)) % halves.classes)
    close = {"rtol": 1e-4, "atol": 1e-6}
    torch.testing.assert_close(one.gradient(objective), every.gradient(objective), **close)
    mine, theirs = (
        one.contributions(objective),
        every.contributions(objective),
    )
    torch.testing.assert_close(mine.maps, theirs.maps, **close)
    assert mine.completeness_error.shape == (len(images),)
    assert mine.completeness_error.max() < 1e-5
    changed = images.flip(0) * 0.5
    torch.testing.assert_close(
        one.scores_of_images(changed, objective),
        every.scores_of_images(changed, objective),
        **close,
    )
    rows = torch.arange(len(images)).flip(0)
    half = one.activation * 0.5
    torch.testing.assert_close(
        one.scores_of_maps(half, rows, objective),
        every.scores_of_maps(half, rows, objective),
        **close,
    )


@pytest.mark.slow
def test_squeezenet() -> None:
    model = load_model(ModelConfig(name="squeezenet1_1", weights=None))
    torch.manual_seed(0)
    check_same(split_at(model, "auto", torch.device("cpu")), torch.randn(3, 3, 224, 224))


@pytest.mark.slow
@pytest.mark.parametrize(
    "head",
    [
        (pointwise(), nn.ReLU(), *POOLED),
        (pointwise(bias=False), nn.ReLU6(), *POOLED),
        (pointwise(), nn.AvgPool2d(2), nn.SiLU(), Mean()),
        (pointwise(), Mean()),
    ],
    ids=["relu", "no bias", "pooled twice", "linear"],
)
def test_heads_of_one_convolution(head: Sequence[nn.Module]) -> None:
    torch.manual_seed(0)
    check_same(cut(*head), torch.randn(4, 3, 16, 16))


@pytest.mark.parametrize(
    "head",
    [
        (nn.Conv2d(6, CLASSES, 3), *POOLED),
        (nn.Conv2d(6, CLASSES, 1, stride=2), *POOLED),
        (nn.Conv2d(6, CLASSES, 1, padding=1), *POOLED),
        (nn.Conv2d(6, 6, 1, groups=2), *POOLED),
        (pointwise(), nn.BatchNorm2d(CLASSES), *POOLED),
        (pointwise(), *POOLED, nn.Linear(CLASSES, CLASSES)),
        (pointwise(), nn.Flatten(), nn.Linear(64 * CLASSES, CLASSES)),
        (pointwise(), nn.PReLU(CLASSES), *POOLED),
    ],
    ids=["3 x 3", "stride", "padding", "groups", "norm", "linear", "flat", "prelu"],
)
def test_other_heads_are_left_alone(head: Sequence[nn.Module]) -> None:
    assert attribution_of(cut(*head)).one_class is None


@pytest.mark.slow
def test_a_cut_further_up_is_left_alone() -> None:
    model = load_model(ModelConfig(name="squeezenet1_1", weights=None))
    halves = split_at(model, "features.7", torch.device("cpu"))
    assert attribution_of(halves).one_class is None
