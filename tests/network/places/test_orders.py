"""Maps are taken out of activations in any order: they are those of a plain convolution."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from camcli.network.layout import Layout
from camcli.network.split import split
from camcli.network.trace import trace

_PATCH, _CHANNELS = 4, 8


class Arranged(nn.Module):
    """Patches, in an order of a network's own, and their mean."""

    def __init__(self, arrange: Callable[[Tensor], Tensor], axes: tuple[int, ...]) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, _CHANNELS, _PATCH, _PATCH)
        self.arranged = _Arrange(arrange)
        self.axes = axes
        self.head = nn.Linear(_CHANNELS, 3)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.arranged(self.patches(images)).mean(self.axes))


class _Arrange(nn.Module):
    def __init__(self, arrange: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.arrange = arrange
        self.extra = nn.Parameter(torch.randn(1, 2, _CHANNELS))

    def forward(self, x: Tensor) -> Tensor:
        if self.arrange in (_class_tokens_first, _class_tokens_last):
            return self.arrange((x, self.extra.expand(x.shape[0], -1, -1)))  # type: ignore[arg-type]
        return self.arrange(x)


def _tokens(x: Tensor) -> Tensor:
    return x.flatten(2).transpose(1, 2)


def _class_tokens_first(both: tuple[Tensor, Tensor]) -> Tensor:
    return torch.cat([both[1], _tokens(both[0])], 1)


def _class_tokens_last(both: tuple[Tensor, Tensor]) -> Tensor:
    return torch.cat([_tokens(both[0]), both[1]], 1)


def _windows(x: Tensor) -> Tensor:
    """(B, windows, places in each, K), windows of 2 x 2."""
    b, k, h, w = x.shape
    x = x.permute(0, 2, 3, 1).reshape(b, h // 2, 2, w // 2, 2, k)
    return x.transpose(2, 3).reshape(b, -1, 4, k)


def _unit_order(x: Tensor) -> Tensor:
    """(B, T, K), the first of every 2 x 2 ahead of every second, as where units are pooled."""
    return _windows(x).transpose(1, 2).flatten(1, 2)


def _there_and_back(x: Tensor) -> Tensor:
    b, k, h, w = x.shape
    windows = _windows(x.roll((-1, -1), (2, 3))).reshape(-1, 4, k)
    x = windows.view(b, h // 2, w // 2, 2, 2, k).transpose(2, 3).reshape(b, h, w, k)
    return x.roll((1, 1), (1, 2))


def _padded_windows(x: Tensor) -> Tensor:
    """Channels last, padded to windows of 3 x 3 and cropped again, as in Swin."""
    b, k, h, w = x.shape
    down, across = -h % 3, -w % 3
    x = F.pad(x.permute(0, 2, 3, 1), (0, 0, 0, across, 0, down))
    rows, columns = (h + down) // 3, (w + across) // 3
    x = x.view(b, rows, 3, columns, 3, k).transpose(2, 3).reshape(-1, 9, k) * 1.0
    x = x.view(b, rows, columns, 3, 3, k).transpose(2, 3).reshape(b, h + down, w + across, k)
    return x[:, :h, :w].contiguous()


ORDERS = {
    "rows": (_tokens, (1,), "tokens"),
    "class tokens first": (_class_tokens_first, (1,), "tokens"),
    "class tokens last": (_class_tokens_last, (1,), "tokens"),
    "tokens first": (lambda x: x.flatten(2).permute(2, 0, 1), (0,), "tokens-first"),
    "channels, then tokens": (lambda x: x.flatten(2), (2,), "channel-tokens"),
    "channels last": (lambda x: x.permute(0, 2, 3, 1), (1, 2), "NHWC"),
    "channels first": (lambda x: x * 1.0, (2, 3), "NCHW"),
    "columns": (lambda x: x.transpose(2, 3).flatten(2).transpose(1, 2), (1,), "tokens"),
    "transposed": (lambda x: x.transpose(2, 3), (2, 3), "channel-tokens"),
    "upside down": (lambda x: x.flip(2), (2, 3), "channel-tokens"),
    "rolled": (lambda x: x.roll(3, 3).permute(0, 2, 3, 1), (1, 2), "tokens"),
    "windows": (_windows, (1, 2), "tokens"),
    "unit order": (_unit_order, (1,), "tokens"),
    "windows and back": (_there_and_back, (1, 2), "NHWC"),
    "padded windows": (_padded_windows, (1, 2), "NHWC"),
}


@pytest.mark.parametrize(
    ("name", "grid"),
    [*((name, (8, 8)) for name in ORDERS), *((name, (4, 10)) for name in ("rows", "unit order"))],
)
def test_maps_are_those_of_the_convolution(name: str, grid: tuple[int, int]) -> None:
    """In the square grid h, w and K are equal, so that no shape says which is which."""
    arrange, axes, order = ORDERS[name]
    torch.manual_seed(0)
    network = Arranged(arrange, axes).eval()
    images = torch.randn(2, 3, _PATCH * grid[0], _PATCH * grid[1])
    halves = split(trace(network, images), "arranged")
    assert halves.layout.order == order
    activation = halves.trunk(images)[0]
    maps = halves.layout.to_maps(activation)
    assert torch.equal(maps, network.patches(images))
    assert torch.equal(halves.layout.from_maps(maps, activation), activation)


def test_extra_tokens_are_counted() -> None:
    for name in ("class tokens first", "class tokens last"):
        network = Arranged(*ORDERS[name][:2]).eval()
        layout = split(trace(network, torch.randn(2, 3, 16, 24)), "arranged").layout
        assert (layout.height, layout.width, layout.extra_tokens) == (4, 6, 2)


class _Stages(nn.Module):
    """Patches cut out by reshaping, tokens pooled by twos, a block of attention and mixing."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(3 * _PATCH * _PATCH, _CHANNELS)
        self.token_mixing = nn.Linear(24, 24)
        self.attention = nn.MultiheadAttention(_CHANNELS, 2, batch_first=True)
        self.pool = nn.AvgPool2d(2)
        self.head = nn.Linear(_CHANNELS, 3)

    def forward(self, images: Tensor) -> Tensor:
        b, c, h, w = images.shape
        rows, columns = h // _PATCH, w // _PATCH
        x = images.reshape(b, c, rows, _PATCH, columns, _PATCH).permute(0, 2, 4, 3, 5, 1)
        x = self.embed(x.reshape(b, rows * columns, -1))
        x = x + self.token_mixing(x.transpose(1, 2)).transpose(1, 2)
        x = x + self.attention(x, x, x)[0]
        x = self.pool(x.transpose(1, 2).reshape(b, -1, rows, columns))
        return self.head(x.mean((2, 3)))


@pytest.mark.slow
def test_layers_that_mix_all_tokens_leave_each_where_it_was() -> None:
    traced = trace(_Stages().eval(), torch.randn(2, 3, 16, 24))
    assert split(traced, "embed").layout == Layout("tokens", _CHANNELS, 4, 6)
    assert split(traced, "pool").layout == Layout("NCHW", _CHANNELS, 2, 3)


@pytest.mark.parametrize(
    ("module", "grid"),
    [
        (nn.Conv2d(8, 8, 3, 2, 1), (2, 3)),
        (nn.Conv2d(8, 8, 3, padding="same"), (4, 6)),
        (nn.MaxPool2d(2), (2, 3)),
        (nn.AdaptiveAvgPool2d((3, 3)), (3, 3)),
        (nn.Upsample(scale_factor=2), (8, 12)),
        (nn.Upsample(scale_factor=2, mode="bilinear"), (8, 12)),
        (nn.ConvTranspose2d(8, 8, 2, 2), (8, 12)),
        (nn.PixelShuffle(2), (8, 12)),
        (nn.PixelUnshuffle(2), (2, 3)),
        (nn.ReflectionPad2d(1), (6, 8)),
        (nn.ZeroPad2d((1, 0, 1, 0)), (5, 7)),
        (nn.GroupNorm(2, 8), (4, 6)),
        (nn.ChannelShuffle(2), (4, 6)),
    ],
    ids=lambda module: type(module).__name__,
)
def test_a_grid_stays_a_grid(module: nn.Module, grid: tuple[int, int]) -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 8, 4, 4), module, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.LazyLinear(3),
    ).eval()  # fmt: skip
    images = torch.randn(2, 3, 16, 24)
    network(images)
    layout = split(trace(network, images), "2").layout
    assert (layout.order, layout.height, layout.width) == ("NCHW", *grid)
