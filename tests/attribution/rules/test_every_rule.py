"""Every rule, alone, through a real export: exact, finite, and the gradient of a tiny change."""

from __future__ import annotations

from functools import lru_cache

import pytest
import torch
from torch import Tensor, nn

from camcli.network.split import SplitNetwork
from tests.attribution.rules.cases import BATCH, CASES, POOLS, Case
from tests.reference.tails import Function, attribute_through, network_of


def drawn(case: Case, batch: tuple[int, ...], seed: int, dtype: torch.dtype) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    normal = [
        torch.randn(*batch, *shape, generator=generator, dtype=torch.float64)
        for shape in case.shapes
    ]
    return [case.draw(values).to(dtype) for values in normal]


def cast(case: Case, dtype: torch.dtype) -> Function:
    return case.function.to(dtype) if isinstance(case.function, nn.Module) else case.function


@lru_cache
def network(case: Case, dtype: torch.dtype) -> SplitNetwork:
    return network_of(cast(case, dtype), drawn(case, (), 0, dtype))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_contributions_add_up_and_stay_finite(case: Case) -> None:
    """In float64 to 1e-9, in float32 to 1e-4; also where some or all of the input is unchanged."""
    for dtype, tolerance in ((torch.float64, 1e-9), (torch.float32, 1e-4)):
        references = drawn(case, (), 0, dtype)
        inputs = drawn(case, (BATCH,), 1, dtype)
        for x, reference in zip(inputs, references, strict=True):
            x[1] = reference
            x[2].view(-1)[::2] = reference.reshape(-1)[::2]
        found = attribute_through(network(case, dtype), inputs, references)
        assert torch.isfinite(found.multipliers).all()
        assert found.error < tolerance
        assert found.delta[0].abs().max() > 1e-3  # the case says something
        assert not found.delta[1].abs().max() > tolerance


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_tiny_change_has_the_gradient_for_multiplier(case: Case) -> None:
    """Where Δ vanishes the multipliers become the derivatives; so a wrong sign or factor shows."""
    if case in POOLS:
        pytest.skip("a maximum keeps its kink at any scale")
    references = drawn(case, (), 0, torch.float64)
    steps = drawn(case, (1,), 1, torch.float64)
    inputs = [r + 1e-7 * s for r, s in zip(references, steps, strict=True)]
    found = attribute_through(network(case, torch.float64), inputs, references)
    points = [r[None].clone().requires_grad_() for r in references]
    outputs = cast(case, torch.float64)(*points).flatten()
    for n, output in enumerate(outputs):
        gradients = torch.autograd.grad(output, points, retain_graph=True, allow_unused=True)
        expected = torch.cat(
            [
                torch.zeros(p.numel(), dtype=p.dtype) if g is None else g.flatten()
                for p, g in zip(points, gradients, strict=True)
            ]
        )
        torch.testing.assert_close(found.multipliers[0, n], expected, rtol=1e-4, atol=1e-4)
