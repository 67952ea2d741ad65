"""A narrowed tail gives the logits asked for, or there is none."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from camcli.graph.narrow import narrowed
from camcli.graph.split import split
from camcli.graph.trace import trace

IMAGES = torch.randn(3, 3, 12, 12, generator=torch.Generator().manual_seed(0))
CLASSES = (4, 0, 3)
HEADS = {
    "linear": [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(6, 5)],
    "linear without a bias": [nn.Flatten(), nn.Linear(6 * 144, 5, bias=False)],
    "convolution": [nn.Conv2d(6, 5, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()],
}
AVERAGE = [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
REFUSED = {
    "a normalisation mixes classes": [*AVERAGE, nn.Linear(6, 5), nn.LayerNorm(5)],
    "places become classes": [nn.Conv2d(6, 5, 9), nn.Flatten()],
    "channels stay in groups": [nn.Conv2d(6, 6, 1, groups=2), *AVERAGE],
    "an average is no layer": AVERAGE,
}


def network_with(head: list[nn.Module]) -> nn.Module:
    features = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU())
    return nn.Sequential(features, *head).eval()


@pytest.mark.parametrize("kind", HEADS)
def test_its_logits_are_those_of_the_whole_tail(kind: str) -> None:
    halves = split(trace(network_with(HEADS[kind]), IMAGES), "0")
    inputs = halves.trunk(IMAGES)
    before = halves.tail(*inputs)
    narrow = narrowed(halves.tail, CLASSES)
    assert narrow is not None
    found: Tensor = narrow(*inputs)
    assert found.shape == (3, 3)
    torch.testing.assert_close(found, before[:, list(CLASSES)])
    assert torch.equal(halves.tail(*inputs), before)


@pytest.mark.parametrize("kind", REFUSED)
def test_where_classes_cannot_be_told_apart_there_is_none(kind: str) -> None:
    halves = split(trace(network_with(REFUSED[kind]), IMAGES), "0")
    assert narrowed(halves.tail, CLASSES) is None
