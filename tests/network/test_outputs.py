"""Which layers there are, and the answer to one that does not exist or is not spatial."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from camcli.errors import LayerError
from camcli.network.outputs import layers_of
from camcli.network.trace import trace
from tests.network.networks import Residuals, Tokens, cut


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
