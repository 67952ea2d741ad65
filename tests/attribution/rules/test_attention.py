"""Softmax and attention equal the slow definition, and neither overflow nor underflow."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.attribution.rules.definition import check_against_definition
from tests.reference import scalar_deeplift as slow
from tests.reference.scalar_deeplift import Number
from tests.reference.tails import attribute


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_is_exponentials_over_their_sum(name: str) -> None:
    check_against_definition(
        lambda x: getattr(x, name)(-1), (5,), getattr(slow, name), lambda n: 2 * n
    )


def test_log_sum_exp_is_what_it_says() -> None:
    check_against_definition(
        lambda x: x.logsumexp(-1, keepdim=True), (5,), lambda xs: [slow.log_sum_exp(xs)]
    )


@pytest.mark.parametrize("shift", [1e4, -1e4])
def test_softmax_neither_overflows_nor_underflows(shift: float) -> None:
    x = torch.tensor([[0.0, 1.0, -700.0]]).double() + shift
    found = attribute(lambda x: x.softmax(-1), [x], [torch.tensor([1.0, 500.0, 0.0]).double()])
    assert torch.isfinite(found.multipliers).all()
    assert found.error < 1e-9


@pytest.mark.parametrize("causal", [False, True])
def test_attention_is_made_of_its_products_and_softmax(causal: bool) -> None:
    def packed(x: Tensor) -> Tensor:
        query, key, value = x.unflatten(1, (3, 1, 3, 2)).unbind(1)
        return F.scaled_dot_product_attention(query, key, value, is_causal=causal)

    def definition(xs: list[Number]) -> list[Number]:
        vectors = [xs[2 * i : 2 * i + 2] for i in range(9)]
        found = slow.attention(
            vectors[:3], vectors[3:6], vectors[6:], lambda i, j: j <= i or not causal
        )
        return [number for row in found for number in row]

    check_against_definition(packed, (18,), definition)
