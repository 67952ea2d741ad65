"""Which layers there are, and the answer to one that does not exist or is not spatial."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from camcli.errors import LayerError
from camcli.network.outputs import layers_of
from camcli.network.trace import trace
from tests.network.networks import Residuals, Tokens, Windows, cut


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


class Between(nn.Module):
    """Two convolutions, and something of the user's own between them."""

    def __init__(self, between: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 1)
        self.between = between
        self.head = nn.Linear(4, 2)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.second(self.between(self.first(images))).mean((2, 3)))


def sorted_by_value(x: Tensor) -> Tensor:
    return x.flatten(2).sort(2)[0].view(x.shape)


def picked_by_value(x: Tensor) -> Tensor:
    return x.flatten(2).gather(2, x.flatten(2).argsort(2)).view(x.shape)


def in_frequencies(x: Tensor) -> Tensor:
    return torch.fft.fft2(x).real


@pytest.mark.parametrize(
    ("between", "operation"),
    [(sorted_by_value, "aten.sort"), (picked_by_value, "aten.gather"),
     (in_frequencies, "aten.fft_fft2")],
)  # fmt: skip
def test_a_layer_behind_what_mixes_places_up_is_refused_by_name(
    between: Callable[[Tensor], Tensor], operation: str
) -> None:
    with pytest.raises(LayerError) as caught:
        cut(Between(between), "second")
    assert "cannot tell how the layer 'second' lies in space" in str(caught.value)
    assert operation in str(caught.value)
    assert str(caught.value).endswith("serve: first")


def test_a_sum_that_brings_places_back_has_its_layout() -> None:
    layout = cut(Between(lambda x: x + in_frequencies(x)), "second").layout
    assert (layout.order, layout.height, layout.width) == ("NCHW", 14, 22)


def test_a_sum_of_different_places_has_none() -> None:
    with pytest.raises(LayerError, match=r"computed through aten\.add"):
        cut(Between(lambda x: x + x.flip(2)), "second")


def test_windows_folded_into_the_batch_are_no_grid() -> None:
    with pytest.raises(LayerError, match="holds places of the image, but not as one grid"):
        cut(Windows(), "attention")


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


@pytest.mark.slow
def test_layers_come_in_order_with_their_layouts() -> None:
    layers = layers_of(trace(Tokens(), torch.randn(2, 3, 16, 24)))
    assert next(iter(layers)) == "patches"
    assert list(layers)[-1] == "head"
    layout = layers["blocks.0"]
    assert layout is not None
    assert (layout.channels, layout.height, layout.width, layout.extra_tokens) == (8, 4, 6, 3)
    assert layers["head"] is None
