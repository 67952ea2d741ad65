"""The layer that is chosen where none is named, and the warning about one without a gradient."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn

from camcli.errors import CamcliWarning, LayerError
from camcli.network.default_layer import default_layer, has_gradient, warn_if_no_gradient
from camcli.network.split import split
from camcli.network.trace import trace
from camcli.network.trial import Trial
from tests.network.networks import ChannelsLast, Residuals, Tokens, Windows


@pytest.mark.slow
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


@pytest.mark.parametrize("classes", [6, 7])
def test_as_many_classes_as_channels_make_no_other_default_layer(classes: int) -> None:
    """A width is no sign of scores."""
    network, images = Residuals(), torch.randn(2, 3, 12, 12)
    network.head = nn.Linear(6, classes)
    assert default_layer(trace(network, images), images) == "shared@1"


def test_maps_of_the_class_scores_themselves_are_passed_over() -> None:
    """Behind the last convolution of SqueezeNet, channel k only shows where score k is."""
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )  # fmt: skip
    images = torch.randn(2, 3, 12, 12)
    assert default_layer(trace(network, images), images) == "1"


@pytest.mark.slow
def test_a_layer_without_a_gradient_is_warned_of_with_one_that_has_one() -> None:
    """Behind the last attention, only the class token is read."""
    network, images = Tokens(), torch.randn(2, 3, 16, 24)
    traced = trace(network, images)
    with pytest.warns(CamcliWarning, match="'blocks.1'.*give --layer blocks.1.norm1"):
        warn_if_no_gradient(traced, Trial.of(split(traced, "blocks.1"), images), images)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_if_no_gradient(traced, Trial.of(split(traced, "blocks.1.norm1"), images), images)


def test_a_network_without_a_spatial_gradient_has_no_default_layer() -> None:
    network, images = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 2)), torch.randn(2, 3, 8, 8)
    with pytest.raises(LayerError, match="has an extent in space and a gradient from the scores"):
        default_layer(trace(network, images), images)


@pytest.mark.slow
@pytest.mark.parametrize(("layer", "expected"), [("blocks.1", False), ("blocks.1.norm1", True)])
def test_only_places_in_space_count_as_having_a_gradient(layer: str, expected: bool) -> None:
    """The class token behind the last attention has one."""
    images = torch.randn(2, 3, 16, 24)
    assert has_gradient(Trial.of(split(trace(Tokens(), images), layer), images)) is expected


class SeparateProjections(nn.Module):
    """A class token that attends to 4x4 places, by three linear maps of the same tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, stride=4)
        self.norm = nn.LayerNorm(8)
        self.query, self.key, self.value = (nn.Linear(8, 8) for _ in range(3))
        self.head = nn.Linear(8, 5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        patches = self.patches(images).flatten(2).transpose(1, 2)
        tokens = self.norm(torch.cat([patches.mean(1, keepdim=True), patches], 1))
        query, key, value = self.query(tokens), self.key(tokens), self.value(tokens)
        weights = (query @ key.transpose(1, 2)).softmax(-1)
        return self.head((weights @ value)[:, 0])


def test_a_projection_is_passed_over_for_what_several_project() -> None:
    images = torch.randn(2, 3, 16, 16)
    assert default_layer(trace(SeparateProjections(), images), images) == "norm"
