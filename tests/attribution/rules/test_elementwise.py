"""Elementwise multipliers are quotients of differences, also where the change vanishes."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from tests.attribution.rules.definition import check_against_definition
from tests.reference import scalar_deeplift as slow
from tests.reference.tails import Function, attribute


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


_IN_PLAIN_PYTHON = {
    F.relu: lambda x: max(x, 0.0),
    F.relu6: lambda x: min(max(x, 0.0), 6.0),
    F.leaky_relu: lambda x: x if x > 0 else 0.01 * x,
    F.elu: lambda x: x if x > 0 else math.exp(x) - 1.0,
    F.gelu: lambda x: 0.5 * x * (1.0 + math.erf(x / math.sqrt(2.0))),
    F.silu: lambda x: x * _sigmoid(x),
    F.mish: lambda x: x * math.tanh(math.log1p(math.exp(x))),
    F.hardswish: lambda x: x * min(max(x + 3.0, 0.0), 6.0) / 6.0,
    F.hardsigmoid: lambda x: min(max(x + 3.0, 0.0), 6.0) / 6.0,
    torch.sigmoid: _sigmoid,
    torch.tanh: math.tanh,
    torch.exp: math.exp,
    torch.square: lambda x: x * x,
}


@pytest.mark.parametrize("function", _IN_PLAIN_PYTHON, ids=lambda f: f.__name__)
def test_elementwise_multipliers_are_quotients_of_differences(function: Function) -> None:
    in_plain_python = _IN_PLAIN_PYTHON[function]
    check_against_definition(
        function, (9,), lambda xs: [slow.rescale(in_plain_python, x) for x in xs], lambda n: 4 * n
    )


def test_a_dying_unit_has_no_share_of_its_own_reference() -> None:
    """No NaN, and no step over the kink, where an input equals a reference of 0."""
    x = torch.tensor([[0.0, 1e-30, -1e-30, 1e-8]], dtype=torch.float32)
    found = attribute(torch.relu, [x], [torch.zeros(4)])
    assert torch.isfinite(found.multipliers).all()
    assert found.multipliers[0].diagonal()[1:].tolist() == pytest.approx([1.0, 0.0, 1.0])


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_multipliers_stay_right_however_small_the_change(dtype: torch.dtype) -> None:
    """The quotient gives way to the derivative before rounding spoils it, in either dtype."""
    tolerance = 4 * torch.finfo(dtype).eps ** (1 / 3)
    reference = torch.linspace(-3, 3, 25, dtype=dtype)
    for exponent in range(1, 17):
        step = 10.0**-exponent
        found = attribute(F.gelu, [(reference + step)[None]], [reference])
        middle = (reference.double() + step / 2).requires_grad_()
        (expected,) = torch.autograd.grad(F.gelu(middle).sum(), middle)
        multipliers = found.multipliers[0].diagonal().double()
        assert (multipliers - expected).abs().max() < max(tolerance, step**2)
