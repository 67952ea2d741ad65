"""A small network whose forward each test writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class Small(nn.Module):
    """Two convolutions, an average, a linear layer."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(
            nn.Conv2d(channels, 6, 3, 2, 1), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 4, 3)
        )
        self.head = nn.Linear(4, 3)

    def classify(self, maps: Tensor) -> Tensor:
        scores: Tensor = self.head(maps.relu().mean((2, 3)))
        return scores

    def forward(self, images: Tensor) -> Any:
        return self.classify(self.body(images))


def small(forward: Callable[..., Any]) -> Small:
    """Return the network with another forward, a function of the network and its inputs."""
    network = type("Small", (Small,), {"forward": forward})().eval()
    assert isinstance(network, Small)
    return network


def two_images(side: int = 12) -> Tensor:
    return torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))
