"""What a network computes under no_grad, inference_mode and autocast keeps its layers."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from camcli.errors import CamcliWarning
from camcli.network.outputs import module_outputs
from camcli.network.split import check_split, split
from camcli.network.trace import trace
from tests.network.small import Small, small, two_images


def no_grad(network: Small, images: Tensor) -> Tensor:
    with torch.no_grad():
        return network.classify(network.body(images))


def frozen_body(network: Small, images: Tensor) -> Tensor:
    with torch.no_grad():
        maps = network.body(images)
    return network.classify(maps)


def inference_mode(network: Small, images: Tensor) -> Tensor:
    with torch.inference_mode():
        return network.classify(network.body(images))


def grad_enabled_within_disabled(network: Small, images: Tensor) -> Tensor:
    with torch.set_grad_enabled(False):
        maps = network.body(images)
        with torch.enable_grad():
            return network.classify(maps)


def autocast_off(network: Small, images: Tensor) -> Tensor:
    with torch.autocast("cuda", enabled=False):
        return network.classify(network.body(images.float()))


def autocast_within_no_grad(network: Small, images: Tensor) -> Tensor:
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        maps = network.body(images)
        with torch.autocast("cpu", enabled=False):
            return network.classify(maps.float())


def written_in_place_under_no_grad(network: Small, images: Tensor) -> Tensor:
    with torch.no_grad():
        maps = network.body(images)
        maps[:, :2].mul_(1.0)
    return network.classify(maps)


REGIONS = [frozen_body, inference_mode, grad_enabled_within_disabled, autocast_off,
           autocast_within_no_grad, written_in_place_under_no_grad]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("forward", REGIONS, ids=lambda f: f.__name__)
def test_regions_keep_layers_values_and_gradients(forward: Callable[..., Tensor]) -> None:
    """As the network in float32 and without any region has them."""
    network, images = small(forward), two_images()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CamcliWarning)  # of autocast
        traced = trace(network, images)
    halves = split(traced, "body")
    assert check_split(halves, traced, network, images) < 1e-6
    leaf = network.body(images).detach().requires_grad_()
    expected = network.classify(leaf)
    torch.testing.assert_close(halves.predict(images), expected)
    (gradient,) = torch.autograd.grad(expected[:, 1].sum(), leaf)
    (found,) = torch.autograd.grad(halves.tail(leaf)[:, 1].sum(), leaf)
    torch.testing.assert_close(found, gradient)


def test_layers_within_a_region_are_those_without_it() -> None:
    images = two_images()
    plain, region = trace(Small().eval(), images), trace(small(no_grad), images)
    assert list(module_outputs(region)) == list(module_outputs(plain))
    assert "body.0" in module_outputs(region)


@pytest.mark.slow
def test_a_condition_within_a_region_is_traced_through() -> None:
    def forward(network: Small, images: Tensor) -> Tensor:
        with torch.no_grad():
            maps: Tensor = network.body(images)
            large = images.shape[-1] * maps.new_ones(()) > 99
            maps = torch.cond(large, lambda m: m * 2, lambda m: m - 1, (maps,))
        return network.classify(maps)

    network, images = small(forward), two_images()
    expected = network.classify(network.body(images) - 1)
    halves = split(trace(network, images), "body.0")
    torch.testing.assert_close(halves.predict(images), expected)
