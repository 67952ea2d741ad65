"""Relevance through operations that no sequential oracle has: gates, products, normalisations."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from camcli.attribution.objective import Objective
from camcli.errors import LayerError
from camcli.methods.probe import Probe
from camcli.network.split import split
from camcli.network.trace import trace

IMAGES = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
CLASSES = torch.tensor([1, 2])


class Gated(nn.Module):
    """A squeeze-and-excitation: the signal times a sigmoid of its own mean, no biases."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Conv2d(3, 5, 3, bias=False)
        self.gate = nn.Linear(5, 5)
        self.head = nn.Linear(5, 4, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.body(images)
        gate = torch.sigmoid(self.gate(maps.mean((2, 3))))
        logits: Tensor = self.head((maps * gate[:, :, None, None]).relu().mean((2, 3)))
        return logits


class Squared(nn.Module):
    """A product of two signals."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Conv2d(3, 5, 3, bias=False)
        self.head = nn.Linear(5, 4, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.body(images)
        logits: Tensor = self.head((maps * maps.relu()).mean((2, 3)))
        return logits


@pytest.mark.parametrize("kind", [Gated, Squared])
def test_without_biases_relevance_is_the_whole_score(kind: type[nn.Module]) -> None:
    torch.manual_seed(0)
    probe = Probe(split(trace(kind().eval(), IMAGES), "body"), IMAGES)
    score = probe.logits.gather(1, CLASSES[:, None])[:, 0]
    torch.testing.assert_close(probe.relevance(Objective.of(CLASSES)).sum((1, 2, 3)), score)


def test_a_gate_gives_its_relevance_to_the_signal() -> None:
    torch.manual_seed(0)
    network = Gated().eval()
    probe = Probe(split(trace(network, IMAGES), "body"), IMAGES)
    maps = network.body(IMAGES)
    gate = torch.sigmoid(network.gate(maps.mean((2, 3))))[:, :, None, None]
    expected = (maps * gate).relu() * network.head.weight[CLASSES][:, :, None, None] / 36
    torch.testing.assert_close(
        probe.relevance(Objective.of(CLASSES)), expected.detach(), rtol=1e-4, atol=1e-6
    )


def test_an_operation_without_a_rule_is_named() -> None:
    class Sorting(Gated):
        def forward(self, images: Tensor) -> Tensor:
            logits: Tensor = self.head(self.body(images).mean((2, 3)).sort(1).values)
            return logits

    halves = split(trace(Sorting().eval(), IMAGES), "body")
    with pytest.raises(LayerError, match=r"lrp-cam has no rule for aten\.sort"):
        Probe(halves, IMAGES).relevance(Objective.of(CLASSES))
