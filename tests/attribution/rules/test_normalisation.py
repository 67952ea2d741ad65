"""Normalisation equals the slow definition, and stays sound at an all-zero reference."""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.attribution.rules.cases import BATCH
from tests.attribution.rules.definition import check_against_definition
from tests.reference import scalar_deeplift as slow
from tests.reference.scalar_deeplift import Number
from tests.reference.tails import attribute


def test_a_vector_scaled_to_length_1_attributes_no_more_than_it_is() -> None:
    """At the all-zero reference the length is clamped to 1e-12, whose reciprocal is no share."""
    x = torch.randn(BATCH, 8, generator=torch.Generator().manual_seed(0))
    found = attribute(lambda t: F.normalize(t, dim=-1), [x], [torch.zeros(8)])
    torch.testing.assert_close(found.contributions.sum(-1), found.delta)
    assert found.contributions.abs().sum(-1).max() < 10


def test_layer_normalisation_is_close_to_shapley_values_at_an_all_zero_reference() -> None:
    """Its reciprocal deviation there, 1/√ε, once made contributions hundreds of times too large."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(6, generator=generator, dtype=torch.float64).abs()
    weight = torch.randn(6, generator=generator, dtype=torch.float64)

    def score(values: Tensor) -> Tensor:
        return (F.layer_norm(values, (6,), eps=1e-6) @ weight)[:, None]

    shapley = torch.zeros(6, dtype=torch.float64)
    orders = list(itertools.permutations(range(6)))
    for order in orders:
        shown = torch.tril(torch.ones(7, 6, dtype=torch.float64), -1)[
            :, torch.tensor(order).argsort()
        ]
        shapley[list(order)] += score(shown * x).diff(dim=0)[:, 0] / len(orders)
    found = attribute(score, [x[None]], [torch.zeros(6, dtype=torch.float64)]).contributions[0, 0]
    assert float((found - shapley).norm()) < float(shapley.norm())
    assert float(torch.cosine_similarity(found, shapley, 0)) > 0.9


def test_layer_norm_is_made_of_squares_a_root_and_products() -> None:
    weight = torch.tensor([0.5, -1.0, 2.0, 1.5], dtype=torch.float64)

    def definition(xs: list[Number]) -> list[Number]:
        return [x * w for x, w in zip(slow.normalized(xs, 1e-5), weight.tolist(), strict=True)]

    check_against_definition(lambda x: F.layer_norm(x, (4,), weight), (4,), definition)


def test_rms_norm_leaves_the_mean_in() -> None:
    check_against_definition(
        lambda x: F.rms_norm(x, (4,), eps=1e-3),
        (4,),
        lambda xs: slow.normalized(xs, 1e-3, centre=False),
    )


def test_group_norm_normalises_each_group() -> None:
    def definition(xs: list[Number]) -> list[Number]:
        return slow.normalized(xs[:6], 1e-5) + slow.normalized(xs[6:], 1e-5)

    check_against_definition(lambda x: F.group_norm(x, 2), (4, 3), definition)


def test_instance_norm_normalises_each_channel() -> None:
    def definition(xs: list[Number]) -> list[Number]:
        return slow.normalized(xs[:6], 1e-5) + slow.normalized(xs[6:], 1e-5)

    check_against_definition(lambda x: F.instance_norm(x), (2, 2, 3), definition)
