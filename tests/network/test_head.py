"""Where a network ends: its last learned maps, and what only pools and rescales behind them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from camcli.network.head import Head, channels_of, head_of, is_pointwise, places_of
from camcli.network.nodes import innermost_module
from camcli.network.outputs import module_outputs
from camcli.network.trace import TracedNetwork, trace
from tests.network.networks import Residuals
from tests.network.small import Small, small, two_images


def ending_of(network: nn.Module) -> tuple[TracedNetwork, Head]:
    traced = trace(network.eval(), two_images(16))
    return traced, head_of(traced)


def last_maps(network: nn.Module) -> set[str]:
    return {innermost_module(node) for node in ending_of(network)[1].maps}


def written_out(network: Small, images: Tensor) -> Tensor:
    """A linear layer as products that are summed: GroupWiseLinear in Query2Label."""
    pooled = network.body(images).mean((2, 3))
    return (pooled[:, None] * network.head.weight).sum(-1)


def prototypes(network: Small, images: Tensor) -> Tensor:
    pooled = network.body(images).mean((2, 3))
    return -(pooled[:, None] - network.head.weight).pow(2).sum(-1)


def distances(network: Small, images: Tensor) -> Tensor:
    return -torch.cdist(network.body(images).mean((2, 3)), network.head.weight)


def cosines(network: Small, images: Tensor) -> Tensor:
    pooled = F.normalize(network.body(images).mean((2, 3)))
    return 8 * F.linear(pooled, F.normalize(network.head.weight))


@pytest.mark.parametrize("forward", [written_out, prototypes, distances, cosines])
def test_scores_by_products_or_distances_to_weights_are_learned_maps(
    forward: Callable[[Small, Tensor], Tensor],
) -> None:
    _, head = ending_of(small(forward))
    assert len(head.maps) == 1
    assert not head.pooled, "it reads what is pooled already"


def test_the_last_map_of_a_classifier_is_its_head() -> None:
    assert last_maps(small(Small.forward)) == {"head"}


def test_a_convolution_of_each_channel_on_its_own_is_no_head() -> None:
    """Global depthwise convolutions pool, as in MobileFaceNet."""
    network = nn.Sequential(nn.Conv2d(3, 5, 3), nn.Conv2d(5, 5, 14, groups=5), nn.Flatten())
    assert last_maps(network) == {"0"}


def test_channel_k_of_the_maps_behind_a_convolutional_head_is_pooled_to_score_k() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 6, 3, 2), nn.ReLU(), nn.Conv2d(6, 4, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )  # fmt: skip
    traced, head = ending_of(network)
    outputs = module_outputs(traced)
    assert [path for path, node in outputs.items() if node in head.score_maps] == list("2345")
    (convolution,) = head.pooled
    assert is_pointwise(convolution)
    assert (places_of(convolution), channels_of(convolution)) == (7 * 7, 4)
    images = two_images(16)
    assert torch.equal(network[:4](images).mean((2, 3)), network(images))


def test_a_residual_stream_is_read_by_its_own_blocks_and_holds_no_scores() -> None:
    network = Residuals()
    network.head = nn.Identity()  # type: ignore[assignment]
    _, head = ending_of(network)
    assert {innermost_module(node) for node in head.pooled} == {
        "stem", "shared.second", "shared.second@1",
    }  # fmt: skip
    assert head.is_read_elsewhere
    assert not head.score_maps
