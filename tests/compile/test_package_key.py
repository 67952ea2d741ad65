"""What a compiled package depends on is part of its name."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from camcli.compile.inference_form import InferenceTrunk
from camcli.compile.package_key import package_path
from camcli.network.split import split
from camcli.network.trace import trace
from tests.conftest import GlobalAverageHead

EXAMPLE = torch.zeros(4, 3, 16, 16)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def trunk_of(network: nn.Module, layer: str) -> InferenceTrunk:
    return InferenceTrunk(split(trace(network, torch.randn(2, 3, 16, 16)), layer).trunk)


def test_a_package_is_in_the_users_cache(average_head: GlobalAverageHead, tmp_path: Path) -> None:
    path = package_path(trunk_of(average_head, "features"), EXAMPLE)
    assert path.parent == tmp_path / "camcli" / "compiled"
    assert path.suffix == ".pt2"


def test_other_weights_are_another_package(average_head: GlobalAverageHead) -> None:
    before = package_path(trunk_of(average_head, "features"), EXAMPLE)
    assert package_path(trunk_of(average_head, "features"), EXAMPLE) == before
    torch.nn.init.constant_(average_head.features[0].weight, 0.5)
    assert package_path(trunk_of(average_head, "features"), EXAMPLE) != before


def test_another_batch_size_or_precision_is_another_package(
    average_head: GlobalAverageHead,
) -> None:
    trunk = trunk_of(average_head, "features")
    halves = split(trace(average_head, torch.randn(2, 3, 16, 16)), "features")
    lower = InferenceTrunk(halves.trunk, torch.bfloat16)
    paths = [package_path(trunk, EXAMPLE), package_path(trunk, EXAMPLE[:2])]
    assert len({*paths, package_path(lower, EXAMPLE)}) == 3


class Conditional(nn.Module):
    """Scales its images by a number that stands in a branch."""

    def __init__(self, number: float) -> None:
        super().__init__()
        self.number = number
        self.relu = nn.ReLU()

    def forward(self, images: Tensor) -> Tensor:
        branches = (lambda x: x * self.number), (lambda x: x + 1)
        return self.relu(torch.cond(images.sum() > 0, *branches, (images,))).mean((2, 3))


def test_a_network_with_another_branch_is_another_package() -> None:
    def package_of(number: float) -> Path:
        return package_path(trunk_of(Conditional(number).eval(), "relu"), EXAMPLE)

    assert package_of(2.0) == package_of(2.0)
    assert package_of(2.0) != package_of(3.0)
