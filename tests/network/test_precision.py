"""A network is computed in float32 whatever its forward asks for, and its user is told."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from camcli.errors import CamcliWarning
from camcli.network.precision import HALVES, InSinglePrecision
from camcli.network.rehearsal import rehearse
from camcli.network.split import split
from camcli.network.trace import trace
from tests.network.small import Small, small, two_images

CPU = torch.device("cpu")


def halved(network: Small, images: Tensor) -> Tensor:
    return network.classify(network.body(images).half().float())


def cast_by_dtype(network: Small, images: Tensor) -> Tensor:
    return network.classify(network.body(images).to(torch.bfloat16).to(torch.float32))


def cast_by_keyword(network: Small, images: Tensor) -> Tensor:
    return network.classify(network.body(images).to(dtype=torch.float16).float())


def output_in_half(network: Small, images: Tensor) -> Tensor:
    return network.classify(network.body(images)).half()


def autocast(network: Small, images: Tensor) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        maps = network.body(images)
        return network.classify(maps * torch.ones_like(maps).to(maps.dtype))


@pytest.mark.parametrize(
    ("forward", "dtype"),
    [
        (halved, torch.float16),
        (cast_by_dtype, torch.bfloat16),
        (cast_by_keyword, torch.float16),
        (output_in_half, torch.float16),
        (autocast, torch.bfloat16),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_half_precision_becomes_float32_and_is_told(
    forward: Callable[..., Tensor], dtype: torch.dtype
) -> None:
    network, images = small(forward), two_images()
    with pytest.warns(CamcliWarning, match=f"{dtype}"[6:] + ".*float32 instead.*change by at most"):
        rehearsal = rehearse(network, images)
    assert rehearsal.invocation.replaced == {dtype}
    expected = Small().eval()(rehearsal.images)
    torch.testing.assert_close(rehearsal.outputs[""], expected)


def test_what_was_replaced_is_known_behind_the_cut() -> None:
    with pytest.warns(CamcliWarning):
        halves = split(trace(small(output_in_half), two_images()), "body")
    assert halves.replaced == ("float16",)


@pytest.mark.parametrize("cast", [Tensor.half, Tensor.double])
def test_a_forward_that_casts_its_images_fits_weights_in_float32(
    cast: Callable[[Tensor], Tensor],
) -> None:
    """As of a network whose weights were converted."""
    network = small(lambda self, x: self.classify(self.body(cast(x))))
    with pytest.warns(CamcliWarning, match="float32 instead, in which attributions add up$"):
        rehearsal = rehearse(network, two_images())
    torch.testing.assert_close(rehearsal.outputs[""], Small().eval()(rehearsal.images))


def test_double_precision_that_works_is_left_alone() -> None:
    network = small(lambda self, x: self.classify((self.body(x).double() + 1).float()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not rehearse(network, two_images()).invocation.replaced


def test_autocast_around_nothing_that_it_casts_is_not_worth_a_word() -> None:
    def forward(self: Small, images: Tensor) -> Tensor:
        maps = self.body(images)
        with torch.autocast("cpu", torch.bfloat16):
            maps = maps + 1
        return self.classify(maps)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rehearse(small(forward), two_images())


def test_bits_that_are_read_as_another_type_stay_bits() -> None:
    bits = torch.tensor([15360, 16384], dtype=torch.int16)
    with InSinglePrecision(HALVES, CPU) as mode:
        read = bits.view(torch.float16)
    assert read.tolist() == [1.0, 2.0]
    assert not mode.met
