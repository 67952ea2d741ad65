"""A small network with images, maps and classes to measure."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from tests.conftest import GlobalAverageHead


@pytest.fixture(scope="session")
def network() -> nn.Module:
    torch.manual_seed(0)
    net = GlobalAverageHead().eval()
    with torch.no_grad():
        net.head.weight.mul_(8)
    return net


@pytest.fixture(scope="session")
def images() -> Tensor:
    return torch.randn(3, 3, 16, 20, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="session")
def classes() -> tuple[int, ...]:
    """The class to explain in each image."""
    return (1, 3, 0)


@pytest.fixture
def maps() -> Tensor:
    """Three maps in [0, 1]; the second has ties."""
    found = torch.rand(3, 16, 20, generator=torch.Generator().manual_seed(2))
    found[1] = (found[1] * 4).floor() / 4
    low, high = found.amin((1, 2), keepdim=True), found.amax((1, 2), keepdim=True)
    return (found - low) / (high - low)
