"""Small networks of every layout, and a function that cuts them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from camcli.network.split import SplitNetwork, check_split, split
from camcli.network.trace import trace


class Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(F.gelu(self.first(x))))


class Residuals(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, stride=2, padding=1)
        self.shared = Residual(6)
        self.head = nn.Linear(6, 4)

    def forward(self, images: Tensor) -> Tensor:
        x = self.shared(self.shared(self.stem(images)))
        return self.head(F.max_pool2d(x, 3, 2, 1).mean((2, 3)))


class ChannelsLast(nn.Module):
    """A block over (B, h, w, K), as in Swin and ConvNeXt."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 4, 4)
        self.norm = nn.LayerNorm(8)
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))
        self.head = nn.Linear(8, 3)

    def forward(self, images: Tensor) -> Tensor:
        x = self.stem(images).permute(0, 2, 3, 1)
        return self.head((x + self.mlp(self.norm(x))).mean((1, 2)))


class Tokens(nn.Module):
    """A small vision transformer with a class token and register tokens."""

    def __init__(self, registers: int = 2, batch_first: bool = True, pooled: bool = False) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.extra = nn.Parameter(torch.randn(1, 1 + registers, 8))
        self.batch_first, self.pooled = batch_first, pooled
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(8, 2, 12, batch_first=batch_first, norm_first=True)
            for _ in range(2)
        )
        self.head = nn.Linear(8, 3)

    def forward(self, images: Tensor) -> Tensor:
        x = self.patches(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.extra.expand(x.shape[0], -1, -1), x], 1)
        x = x if self.batch_first else x.transpose(0, 1)
        for block in self.blocks:
            x = block(x)
        x = x if self.batch_first else x.transpose(0, 1)
        return self.head(x.mean(1) if self.pooled else x[:, 0])


class Windows(nn.Module):
    """Attention in windows that are folded into the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 2, 2)
        self.norm = nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, images: Tensor) -> Tensor:
        x = self.norm(self.stem(images).permute(0, 2, 3, 1))
        b, h, w, k = x.shape
        windows = x.view(b, h // 2, 2, w // 2, 2, k).transpose(2, 3).reshape(-1, 4, k)
        mixed = self.attention(windows, windows, windows)[0]
        return self.head(mixed.reshape(b, -1, k).mean(1))


def cut(network: nn.Module, layer: str, size: tuple[int, int] = (16, 24)) -> SplitNetwork:
    torch.manual_seed(0)
    images = torch.randn(2, 3, *size)
    traced = trace(network, images)
    halves = split(traced, layer)
    assert check_split(halves, traced, network, images) < 1e-5
    return halves
