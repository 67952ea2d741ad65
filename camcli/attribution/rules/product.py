"""DeepLIFT through products and quotients: the midpoint rule."""

from __future__ import annotations

import torch
from torch import Tensor

from camcli.attribution import secants
from camcli.attribution.call import Arguments, DeepLiftCall, Keywords
from camcli.attribution.pair import Pair, linear
from camcli.attribution.rules.operations import BILINEAR, DIVISIONS
from camcli.attribution.rules.registry import FIRST_THREE, FIRST_TWO, aten, rule

_aten = torch.ops.aten


@rule(*BILINEAR, positions=FIRST_TWO)
def product(call: DeepLiftCall) -> Tensor:
    """Apply the midpoint rule, Δ(ab) = Δa (b + b₀)/2 + (a + a₀)/2 Δb, with Δ = 0 for constants."""
    if len(call.active) == 1:
        return torch.as_tensor(call.plain())

    def multiply(a: Tensor, b: Tensor) -> Tensor:
        return torch.as_tensor(call.on(a, b))

    return secants.product(multiply, call.pair(0), call.pair(1)).value


@rule(*aten("addmm", "baddbmm"), positions=FIRST_THREE)
def affine_product(call: DeepLiftCall) -> Tensor:
    """Apply the midpoint rule to the matrix product in β c + α a b."""
    beta, alpha = call.kwargs.get("beta", 1), call.kwargs.get("alpha", 1)
    multiplied = secants.product(torch.matmul, call.pair(1), call.pair(2))
    shifted: Tensor = multiplied.value * alpha + call.args[0] * beta
    return shifted


@rule(_aten.addcmul, positions=FIRST_THREE)
def add_product(call: DeepLiftCall) -> Tensor:
    """Apply the midpoint rule to the element-wise product in c + α a b."""
    factor = call.kwargs.get("value", 1)
    shifted: Tensor = call.args[0] + factor * secants.times(call.pair(1), call.pair(2)).value
    return shifted


def _has_at_most_two_operands(args: Arguments, _kwargs: Keywords) -> bool:
    return len(args[1]) <= 2


@rule(_aten.einsum, positions=(1,), condition=_has_at_most_two_operands)
def einsum(call: DeepLiftCall) -> Tensor:
    """Apply the midpoint rule to sums of products of two tensors; refused for more of them."""
    equation, operands = call.args[0], list(call.args[1])
    references = call.reference_args[1]
    active = [i for i, operand in enumerate(operands) if operand is not references[i]]
    if len(active) == 1:
        return torch.einsum(equation, operands)
    first, second = active

    def multiply(a: Tensor, b: Tensor) -> Tensor:
        filled = [a if i == first else b if i == second else t for i, t in enumerate(operands)]
        return torch.einsum(equation, filled)

    pairs = (Pair(operands[i], references[i]) for i in active)
    return secants.product(multiply, *pairs).value


def _does_not_round(_args: Arguments, kwargs: Keywords) -> bool:
    return kwargs.get("rounding_mode") is None


@rule(*DIVISIONS, positions=FIRST_TWO, condition=_does_not_round)
def division(call: DeepLiftCall) -> Tensor:
    """Apply the midpoint rule of the product that a division undoes; refused where it rounds."""
    if call.active == {0}:
        return torch.as_tensor(call.plain())
    return secants.quotient(call.number_pair(0), call.pair(1)).value


@rule(_aten.glu)
def gated_linear_unit(call: DeepLiftCall) -> Tensor:
    """Apply the midpoint rule to the product, and the Rescale rule to the sigmoid in it."""
    dim = call.argument(1, "dim", -1)
    content = linear(lambda t: t.chunk(2, dim)[0], call.pair(0))
    gate = linear(lambda t: t.chunk(2, dim)[1], call.pair(0))
    return secants.times(content, secants.rescale(torch.sigmoid, gate)).value
