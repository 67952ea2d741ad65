"""A network that does not run on images is refused for the reason that fits, and no other."""

# ruff: noqa: ARG005 - the signatures are what is tested

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from camcli.errors import ModelError
from camcli.network.rehearsal import rehearse
from tests.network.small import Small, small, two_images

REASONS = ("preprocess.crop", "feeds 3 (RGB)", "volumes", "series", "token ids", "buffer")


def flat(values: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(values, 2))


class Grey(nn.Module):
    """Convolves without a module of PyTorch's."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2, 1, 3, 3))

    def forward(self, images: Tensor) -> Tensor:
        return F.conv2d(images, self.weight).mean((2, 3))


class OfPatches(nn.Module):
    """Has a position for each patch of images of 32x32, as vision transformers have."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 4, 4, 4)
        self.positions = nn.Parameter(torch.zeros(64, 4))

    def forward(self, images: Tensor) -> Tensor:
        return (self.patches(images).flatten(2).mT + self.positions).mean(1)


@pytest.mark.parametrize(
    ("network", "advice", "word"),
    [
        (Small(channels=1), "Its convolution takes 1 channel, where camcli", "feeds 3 (RGB)"),
        (Small(channels=4), "Its convolution takes 4 channels, where camcli", "feeds 3 (RGB)"),
        (Small(channels=13), "Its convolution takes 13 channels, where camcli", "feeds 3 (RGB)"),
        (Grey(), "It takes 1 channel, where camcli", "feeds 3 (RGB)"),
        (flat(784), "It takes 1 channel of 28x28 pixels, where camcli", "feeds 3 (RGB)"),
        (flat(3 * 32 * 32), "It does run on images of 32x32: set", "preprocess.crop"),
        (OfPatches(), "--set preprocess.crop=[32, 32]", "preprocess.crop"),
        (nn.Sequential(nn.AvgPool2d(64), nn.Flatten(), nn.Linear(27, 2)),
         "It does run on images of 224x224", "preprocess.crop"),
        (nn.Sequential(nn.Conv3d(1, 2, 3), nn.Flatten()), "It takes volumes", "volumes"),
        (nn.Sequential(nn.Conv1d(3, 2, 3), nn.Flatten()), "It takes series", "series"),
        (nn.LSTM(12, 4), "It takes series", "series"),
        (nn.Sequential(nn.Embedding(9, 2), nn.Flatten()), "It takes token ids", "token ids"),
        (small(lambda self, x: F.embedding(x, self.head.weight)), "token ids", "token ids"),
        (small(lambda self, x: x * torch.ones(12, device="meta")), "register_buffer", "buffer"),
    ],
)  # fmt: skip
def test_each_kind_of_input_has_its_own_advice(network: nn.Module, advice: str, word: str) -> None:
    with pytest.raises(ModelError) as caught:
        rehearse(network, two_images())
    message = str(caught.value)
    assert "does not run on images of 12x12 pixels" in message
    assert advice in message
    assert [reason for reason in REASONS if reason in message] == [word]


def raising(network: Small, images: Tensor) -> Tensor:
    raise KeyError("no such thing")


def needing_the_other(network: Small, images: Tensor, other: Tensor | None = None) -> Tensor:
    return images + other


@pytest.mark.parametrize(
    ("forward", "error"),
    [(raising, "KeyError"), (needing_the_other, "TypeError")],
)
def test_an_error_of_another_kind_is_given_as_it_is(
    forward: Callable[..., Any], error: str
) -> None:
    with pytest.raises(ModelError) as caught:
        rehearse(small(forward), two_images())
    assert f"{error} in the network's own forward (" in str(caught.value)
    assert "test_unfit.py, line " in str(caught.value)
    assert not any(reason in str(caught.value) for reason in REASONS)


def test_channels_that_do_not_fit_each_other_within_are_no_fault_of_the_images() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(5, 4, 3))
    with pytest.raises(ModelError) as caught:
        rehearse(network, two_images())
    assert "camcli feeds" not in str(caught.value)
