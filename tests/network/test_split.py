"""Cuts at every kind of place: beside residual connections, in any layout, for any image size."""

from __future__ import annotations

import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from camcli.errors import CamcliWarning, LayerError, ModelError
from camcli.methods.probe import Probe
from camcli.network.default_layer import default_layer, warn_if_no_gradient
from camcli.network.outputs import layers_of
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


CUTS = [
    (Residuals(), "stem", "NCHW", 0),
    (Residuals(), "shared", "NCHW", 0),
    (Residuals(), "shared@1", "NCHW", 0),
    (Residuals(), "shared.first", "NCHW", 1),
    (Residuals(), "shared.second", "NCHW", 1),
    (Residuals(), "shared.first@1", "NCHW", 1),
    (ChannelsLast(), "stem", "NCHW", 0),
    (ChannelsLast(), "norm", "NHWC", 1),
    (ChannelsLast(), "mlp.0", "NHWC", 1),
    (ChannelsLast(), "mlp", "NHWC", 1),
    (Tokens(), "patches", "NCHW", 0),
    (Tokens(), "blocks.0", "tokens", 0),
    (Tokens(), "blocks.1.norm1", "tokens", 1),
    (Tokens(), "blocks.1.linear1", "tokens", 1),
    (Tokens(registers=0), "blocks.0", "tokens", 0),
    (Tokens(batch_first=False), "blocks.0", "tokens-first", 0),
    (Tokens(batch_first=False), "blocks.1.norm1", "tokens-first", 1),
    (Windows(), "norm", "NHWC", 0),
    (Windows(), "stem", "NCHW", 0),
]


@pytest.mark.parametrize(
    ("network", "layer", "order", "bypasses"),
    CUTS,
    ids=[f"{type(n).__name__}-{layer}-{i}" for i, (n, layer, _, _) in enumerate(CUTS)],
)
def test_any_layer_can_be_explained_at(
    network: nn.Module, layer: str, order: str, bypasses: int
) -> None:
    """Also for images that are not square, whose grid the layout must get right."""
    halves = cut(network, layer)
    assert halves.layout.order == order
    assert len(halves.bypasses) == bypasses
    assert halves.layout.height * 24 == halves.layout.width * 16
    probe = Probe(halves, torch.randn(3, 3, 16, 24), with_reference=True)
    contributions = probe.contributions(torch.tensor([0, 1, 2]))
    assert probe.activation.shape == contributions.maps.shape
    assert float(contributions.completeness_error.max()) < 1e-5
    assert torch.isfinite(contributions.maps).all()


def test_the_batch_size_is_free_and_changes_nothing() -> None:
    halves = cut(Windows(), "norm")
    images, classes = torch.randn(5, 3, 16, 24), torch.tensor([0, 1, 2, 0, 1])
    together = Probe(halves, images).contributions(classes).maps
    for row in range(5):
        alone = Probe(halves, images[row : row + 1]).contributions(classes[row : row + 1]).maps
        torch.testing.assert_close(alone[0], together[row], atol=1e-6, rtol=1e-4)


def test_a_reused_module_can_be_cut_at_each_of_its_calls() -> None:
    network, images = Residuals(), torch.randn(2, 3, 16, 24)
    once = F.conv2d(images, network.stem.weight, network.stem.bias, 2, 1)
    first, second = cut(network, "shared"), cut(network, "shared@1")
    torch.testing.assert_close(first.trunk(images)[0], network.shared(once))
    torch.testing.assert_close(second.trunk(images)[0], network.shared(network.shared(once)))


def test_a_layer_that_does_not_exist_is_answered_with_near_ones() -> None:
    with pytest.raises(LayerError) as caught:
        cut(Residuals(), "shared.frist")
    assert "no layer 'shared.frist'" in str(caught.value)
    assert "'shared.first'" in str(caught.value)
    assert "shared@1" in str(caught.value)


def test_a_layer_without_extent_in_space_is_answered_with_those_before_it() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
    )
    for layer, shape in (("2", "(B, 4, 1, 1)"), ("3", "(B, 4)"), ("4", "(B, 2)")):
        with pytest.raises(LayerError) as caught:
            cut(network, layer)
        message = str(caught.value)
        assert f"the layer {layer!r} has no extent in space: its output is {shape}" in message
        assert message.endswith("0, 1")


def test_an_unused_module_is_not_offered() -> None:
    class WithSpare(Residuals):
        def __init__(self) -> None:
            super().__init__()
            self.spare = nn.Conv2d(3, 3, 1)

        def forward(self, images: Tensor) -> Tensor:
            self.spare(images)
            return super().forward(images)

    with pytest.raises(LayerError, match="no layer 'spare' that feeds its scores"):
        cut(WithSpare(), "spare")


def test_layers_come_in_order_with_their_layouts() -> None:
    layers = layers_of(trace(Tokens(), torch.randn(2, 3, 16, 24)))
    assert next(iter(layers)) == "patches"
    assert list(layers)[-1] == "head"
    layout = layers["blocks.0"]
    assert layout is not None
    assert (layout.channels, layout.height, layout.width, layout.extra_tokens) == (8, 4, 6, 3)
    assert layers["head"] is None


@pytest.mark.parametrize(
    ("network", "layer"),
    [
        (Residuals(), "shared@1"),
        (ChannelsLast(), "mlp"),
        (Tokens(pooled=True), "blocks.1"),
        (Tokens(), "blocks.1.norm1"),
        (Windows(), "norm"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_layer_is_found_where_none_is_known(network: nn.Module, layer: str) -> None:
    """The last whose places in space all still reach the scores."""
    images = torch.randn(2, 3, 16, 24)
    assert default_layer(trace(network, images), images) == layer


def test_a_blind_layer_is_warned_of_with_one_that_sees() -> None:
    """Behind the last attention, only the class token is read."""
    network, images = Tokens(), torch.randn(2, 3, 16, 24)
    traced = trace(network, images)
    with pytest.warns(CamcliWarning, match="'blocks.1'.*give --layer blocks.1.norm1"):
        warn_if_no_gradient(traced, split(traced, "blocks.1"), images)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_if_no_gradient(traced, split(traced, "blocks.1.norm1"), images)


def test_a_network_with_random_numbers_is_refused() -> None:
    class Noisy(Residuals):
        def forward(self, images: Tensor) -> Tensor:
            return super().forward(images + torch.randn_like(images))

    with pytest.raises(ModelError, match="does not compute the same when cut at 'stem'"):
        cut(Noisy(), "stem")
