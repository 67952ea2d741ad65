"""The inference form of a trunk computes the same, and leaves what it was made from alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from camcli.compile.inference_form import InferenceTrunk
from camcli.network.nodes import operation_name
from camcli.network.split import SplitNetwork, split
from camcli.network.trace import trace


class Mixed(nn.Module):
    """Every way in which a batch-norm can and cannot be folded."""

    def __init__(self) -> None:
        super().__init__()
        self.plain = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.biased = nn.Sequential(
            nn.Conv2d(8, 8, 3, padding=1, groups=4), nn.BatchNorm2d(8, affine=False)
        )
        self.shared = nn.Conv2d(8, 8, 1)
        self.behind_shared = nn.BatchNorm2d(8)
        self.first_norm = nn.BatchNorm2d(8)
        self.tail = nn.Sequential(nn.Conv2d(8, 6, 3, stride=2), nn.BatchNorm2d(6), nn.ReLU())
        self.head = nn.Linear(6, 4)

    def forward(self, images: Tensor) -> Tensor:
        x = self.first_norm(self.biased(self.plain(images)) + 1)
        both = self.shared(x)
        x = self.behind_shared(both) + both
        logits: Tensor = self.head(self.tail(x).mean((2, 3)))
        return logits


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    network = Mixed()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.uniform_(-1, 1)
            module.running_var.uniform_(0.2, 3)
            if module.affine:
                nn.init.uniform_(module.weight, -1, 2)
                nn.init.uniform_(module.bias, -1, 1)
    return network.eval()


def halves_of(network: nn.Module, layer: str) -> SplitNetwork:
    return split(trace(network, torch.randn(2, 3, 20, 20)), layer)


@pytest.mark.parametrize("layer", ["tail", "tail.0", "behind_shared", "biased"])
def test_folding_changes_nothing_but_rounding(network: nn.Module, layer: str) -> None:
    halves = halves_of(network, layer)
    images = torch.randn(5, 3, 20, 20)
    with torch.no_grad():
        expected, found = halves.trunk(images), InferenceTrunk(halves.trunk)(images)
    for one, other in zip(expected, found, strict=True):
        torch.testing.assert_close(other, one, rtol=1e-5, atol=1e-5)


def test_only_norms_right_behind_their_convolution_are_folded(network: nn.Module) -> None:
    fast = InferenceTrunk(halves_of(network, "tail").trunk)
    operations = [operation_name(node) for node in fast.module.graph.nodes]
    assert operations.count("aten.batch_norm") == 2, "the one behind a sum, and the one that shares"


@pytest.mark.slow
def test_a_decomposed_graphs_norms_are_folded_too(
    network: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camcli.network.trace.make_functional", lambda _graph: False)
    halves = halves_of(network, "tail")
    fast = InferenceTrunk(halves.trunk)
    operations = [operation_name(node) for node in fast.module.graph.nodes]
    assert operations.count("aten._native_batch_norm_legit_no_training") == 2
    images = torch.randn(4, 3, 20, 20)
    with torch.no_grad():
        expected, found = halves.trunk(images)[0], fast(images)[0]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_the_trunk_it_was_made_from_is_untouched(network: nn.Module) -> None:
    halves = halves_of(network, "tail")
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    images = torch.randn(2, 3, 20, 20)
    with torch.no_grad():
        expected = halves.trunk(images)[0]
        InferenceTrunk(halves.trunk, torch.bfloat16)(images)
        torch.testing.assert_close(halves.trunk(images)[0], expected, rtol=0, atol=0)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_lower_precision_is_close_and_float32_outside(network: nn.Module) -> None:
    halves = halves_of(network, "tail")
    images = torch.randn(4, 3, 20, 20)
    with torch.no_grad():
        expected = halves.trunk(images)[0]
        (found,) = InferenceTrunk(halves.trunk, torch.bfloat16)(images)
    assert found.dtype == torch.float32
    difference = float((found - expected).norm() / expected.norm())
    assert 0 < difference < 0.05
