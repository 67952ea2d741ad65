"""An image's scores depend on the image alone, or the network is refused."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from camcli.errors import ModelError
from camcli.network.rehearsal import rehearse
from camcli.network.split import check_split, split
from camcli.network.trace import trace
from tests.network.small import Small, small, two_images


def by_torch(network: Small, images: Tensor) -> Tensor:
    return network.classify(F.dropout(network.body(images), training=True))


def by_python(network: Small, images: Tensor) -> Tensor:
    return network.classify(network.body(images)) * (2 if random.random() < 0.5 else 1)


def by_numpy(network: Small, images: Tensor) -> Tensor:
    return network.classify(network.body(images)) + float(np.random.rand())  # noqa: NPY002


@pytest.mark.parametrize(
    ("forward", "source"),
    [(by_torch, "torch"), (by_python, "random"), (by_numpy, "numpy.random")],
)
def test_random_numbers_are_refused_by_their_source(
    forward: Callable[..., Tensor], source: str
) -> None:
    with pytest.raises(ModelError, match=rf"draws random numbers \({source}\) in evaluation mode"):
        rehearse(small(forward), two_images())


def counting(network: Small, images: Tensor) -> Tensor:
    network.count = getattr(network, "count", 0) + 1  # type: ignore[assignment]
    return network.classify(network.body(images)) * network.count


def normalised_by_the_batch(network: Small, images: Tensor) -> Tensor:
    return network.classify(F.batch_norm(network.body(images), None, None, training=True))


@pytest.mark.parametrize(
    ("forward", "reason"),
    [
        (counting, "other scores when it is called again"),
        (normalised_by_the_batch, "mixes the images of a batch"),
    ],
)
def test_state_and_the_rest_of_the_batch_are_told_apart(
    forward: Callable[..., Tensor], reason: str
) -> None:
    with pytest.raises(ModelError, match=reason):
        trace(small(forward), two_images())


def test_a_list_with_an_entry_for_each_image_is_refused() -> None:
    def forward(network: Small, images: Tensor) -> list[Any]:
        return [network.classify(network.body(image[None]))[0] for image in images]

    with pytest.raises(ModelError, match="2 tensors for two images and 1 for one"):
        rehearse(small(forward), two_images())


def test_a_network_that_fails_on_one_image_is_refused() -> None:
    def forward(network: Small, images: Tensor) -> Tensor:
        if len(images) == 1:
            raise ValueError("a batch is needed")
        return network.classify(network.body(images))

    with pytest.raises(ModelError, match=r"on two images and not on one: ValueError .*a batch is"):
        rehearse(small(forward), two_images())


def test_a_squeeze_of_everything_keeps_a_single_image_apart() -> None:
    def forward(network: Small, images: Tensor) -> Tensor:
        maps = F.adaptive_avg_pool2d(network.body(images), 1)
        scores: Tensor = network.head(maps.squeeze())
        return scores

    network, images = small(forward), two_images()
    halves = split(trace(network, images), "body")
    expected = network.head(network.body(images).mean((2, 3)))
    torch.testing.assert_close(halves.predict(images), expected)
    torch.testing.assert_close(halves.predict(images[:1]), expected[:1])


def test_images_that_are_overwritten_are_no_obstacle() -> None:
    def forward(network: Small, images: Tensor) -> Tensor:
        images.sub_(0.5)
        return network.classify(network.body(images))

    network, images = small(forward), two_images()
    before = images.clone()
    traced = trace(network, images)
    halves = split(traced, "body")
    assert check_split(halves, traced, network, images) < 1e-6
    assert torch.equal(images, before)
    torch.testing.assert_close(halves.predict(images), Small().eval()(before - 0.5))
