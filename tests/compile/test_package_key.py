"""Which trunks share a compiled package."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from camcli.compile.compilation import Compilation
from camcli.compile.inference_form import InferenceTrunk
from camcli.network.split import split
from camcli.network.trace import trace
from tests.compile.trunks import EXAMPLE, needs_compiler
from tests.conftest import GlobalAverageHead


@needs_compiler
def test_other_weights_are_another_package(
    trunk: InferenceTrunk, average_head: GlobalAverageHead, cache: Path
) -> None:
    before = Compilation(trunk, EXAMPLE, requested=True).package
    torch.nn.init.constant_(average_head.features[0].weight, 0.5)
    halves = split(trace(average_head, torch.randn(2, 3, 16, 16)), "features")
    assert Compilation(InferenceTrunk(halves.trunk), EXAMPLE, requested=True).package != before
    assert Compilation(trunk, EXAMPLE[:2], requested=True).package != before


class Conditional(nn.Module):
    """Scales its images by a number that stands in a branch."""

    def __init__(self, number: float) -> None:
        super().__init__()
        self.number = number
        self.relu = nn.ReLU()

    def forward(self, images: Tensor) -> Tensor:
        branches = (lambda x: x * self.number), (lambda x: x + 1)
        return self.relu(torch.cond(images.sum() > 0, *branches, (images,))).mean((2, 3))


@pytest.mark.slow
def test_a_network_with_another_branch_is_another_package(cache: Path) -> None:
    def package_of(number: float) -> Path:
        network = Conditional(number).eval()
        halves = split(trace(network, torch.randn(2, 3, 16, 16)), "relu")
        return Compilation(InferenceTrunk(halves.trunk), EXAMPLE, requested=True).package

    assert package_of(2.0) == package_of(2.0)
    assert package_of(2.0) != package_of(3.0)
