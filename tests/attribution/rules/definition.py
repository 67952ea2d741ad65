"""The comparison of a rule with the slow definition of its multipliers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from tests.reference import scalar_deeplift as slow
from tests.reference.scalar_deeplift import Number
from tests.reference.tails import Function, attribute

Definition = Callable[[list[Number]], Sequence[Number]]


def check_against_definition(
    function: Function,
    shape: tuple[int, ...],
    definition: Definition,
    draw: Callable[[Tensor], Tensor] = lambda normal: normal,
) -> None:
    """Compare every multiplier of a function of one tensor with the slow definition's."""
    generator = torch.Generator().manual_seed(5)
    x, reference = draw(torch.randn(2, *shape, generator=generator, dtype=torch.float64))
    found = attribute(function, [x[None]], [reference])
    numbers = slow.inputs(x.flatten().tolist(), reference.flatten().tolist())
    expected = definition(numbers)
    assert len(expected) == found.outputs.shape[1]
    for n, output in enumerate(expected):
        multipliers = [output.multipliers.get(i, 0.0) for i in range(len(numbers))]
        expected_multipliers = torch.tensor(multipliers, dtype=torch.float64)
        torch.testing.assert_close(
            found.multipliers[0, n], expected_multipliers, rtol=1e-9, atol=1e-9
        )
        assert found.outputs[0, n] == pytest.approx(output.value, rel=1e-9, abs=1e-12)
        assert found.delta[0, n] == pytest.approx(output.delta, rel=1e-9, abs=1e-12)
