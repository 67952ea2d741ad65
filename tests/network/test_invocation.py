"""Images are given to the argument that takes them; what takes more is refused."""

# ruff: noqa: ARG005 - the signatures are what is tested

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from camcli.errors import ModelError
from camcli.network.invocation import argument_of_images, evaluating
from camcli.network.rehearsal import rehearse
from tests.network.small import Small, small, two_images


@pytest.mark.parametrize(
    ("forward", "argument"),
    [
        (lambda self, x: x, None),
        (lambda self, x, mask=None: x, None),
        (lambda self, *inputs: inputs[0], None),
        (lambda self, pixel_values=None, labels=None: pixel_values, None),
        (lambda self, input_ids=None, pixel_values=None: pixel_values, "pixel_values"),
        (lambda self, *, pixel_values: pixel_values, "pixel_values"),
        (lambda self, *, anything, scale=1.0: anything, "anything"),
    ],
)
def test_images_go_to_the_argument_that_takes_them(
    forward: Callable[..., Any], argument: str | None
) -> None:
    network = small(forward)
    assert argument_of_images(network) == argument
    rehearsal = rehearse(network, two_images())
    assert torch.equal(rehearsal.outputs[""], rehearsal.images)


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (small(lambda self, image, other: image + other), "needs 2 inputs, image and other"),
        (small(lambda self, x, *, mask: x * mask), "needs 2 inputs, x and mask"),
        (small(lambda self: self.head.weight), "takes no input"),
        (nn.ModuleList([nn.Conv2d(3, 4, 1)]), "ModuleList has no forward"),
        (nn.Module(), "Module has no forward"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_takes_no_single_input_is_refused(network: nn.Module, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        rehearse(network, two_images())


def test_a_compiled_part_runs_uncompiled_and_is_compiled_still_after() -> None:
    def failing(*_: object) -> None:
        raise AssertionError("compiled")

    network = Small().eval()
    network.body = torch.compile(network.body, backend=failing)  # type: ignore[assignment]
    compiled = network.body
    with evaluating(network):
        network(two_images())
    assert network.body is compiled
