"""Maxima equal the slow definition, and overlapping windows add up."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from tests.attribution.rules.definition import check_against_definition
from tests.reference import scalar_deeplift as slow
from tests.reference.scalar_deeplift import Number
from tests.reference.tails import attribute


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(2, 2, 0), (3, 2, 1), (3, 1, 1), (2, 1, 0)]
)
def test_max_pool_gives_each_window_to_one_place(kernel: int, stride: int, padding: int) -> None:
    height, width = 5, 6

    def definition(xs: list[Number]) -> list[Number]:
        def window(top: int, left: int) -> list[Number]:
            rows = range(max(top, 0), min(top + kernel, height))
            columns = range(max(left, 0), min(left + kernel, width))
            return [xs[row * width + column] for row in rows for column in columns]

        down = range(-padding, height + padding - kernel + 1, stride)
        across = range(-padding, width + padding - kernel + 1, stride)
        return [slow.largest(window(top, left)) for top in down for left in across]

    check_against_definition(
        lambda x: F.max_pool2d(x, kernel, stride, padding), (1, height, width), definition
    )


def test_overlapping_windows_add_up_their_shares() -> None:
    """One peak, seen by every window of a 3x3 pool with stride 1, gets what all of them gain."""
    x = torch.zeros(1, 1, 3, 3, dtype=torch.float64)
    x[0, 0, 1, 1] = 2.0
    found = attribute(
        lambda t: F.max_pool2d(t, 3, 1, 1).sum((2, 3)), [x], [torch.zeros(1, 3, 3).double()]
    )
    assert found.contributions[0, 0, 4] == pytest.approx(18.0)
    assert found.contributions[0, 0].sum() == pytest.approx(18.0)


def test_amax_follows_the_maximum_from_where_it_was() -> None:
    check_against_definition(
        lambda x: x.amax(-1), (2, 4), lambda xs: [slow.largest(xs[:4]), slow.largest(xs[4:])]
    )
