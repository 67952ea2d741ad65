"""The one min-max normalisation, against its formula and at its limits."""

from __future__ import annotations

import math

import pytest
import torch

from camcli.methods.scaling import bounds, min_max, scaled


def test_min_max() -> None:
    maps = torch.tensor([[[-1.0, 3.0], [1.0, 0.0]], [[2.0, 2.0], [2.0, 2.0]]])
    expected = torch.tensor([[[0.0, 1.0], [0.5, 0.25]], [[0.0, 0.0], [0.0, 0.0]]])
    torch.testing.assert_close(min_max(maps), expected)


@pytest.mark.parametrize("shape", [(7, 5), (3, 7, 5), (2, 3, 7, 5)])
def test_each_map_spans_0_to_1_exactly(shape: tuple[int, ...]) -> None:
    maps = torch.randn(shape, generator=torch.Generator().manual_seed(0)) * 1e-3 + 5
    before = maps.clone()
    found = min_max(maps)
    assert torch.equal(maps, before)
    assert torch.equal(found.amin((-2, -1)), torch.zeros(shape[:-2]))
    assert torch.equal(found.amax((-2, -1)), torch.ones(shape[:-2]))


def test_a_map_can_be_scaled_in_place() -> None:
    maps = torch.rand(2, 4, 4, generator=torch.Generator().manual_seed(0))
    expected = min_max(maps)
    assert min_max(maps, out=maps) is maps
    assert torch.equal(maps, expected)


def test_nan_and_infinity_spoil_their_own_map_alone() -> None:
    maps = torch.rand(3, 2, 2, generator=torch.Generator().manual_seed(0))
    expected = min_max(maps[2])
    maps[0, 0, 0], maps[1, 0, 0] = math.nan, math.inf
    found = min_max(maps)
    assert found[0].isnan().all()
    assert found[1].isnan().tolist() == [[True, False], [False, False]]
    assert torch.equal(found[2], expected)
    low, high = bounds(maps)
    assert low.shape == high.shape == (3, 1, 1)
    assert low[0].isnan().all()
    assert high[1].item() == math.inf


def test_other_bounds_than_the_maps_own_can_be_given() -> None:
    maps = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    low, high = torch.zeros(1, 1), torch.tensor([[4.0]])
    assert scaled(maps, low, high).tolist() == [[0.25, 0.5], [0.75, 1.0]]
    assert scaled(maps, high, high).tolist() == [[-3.0, -2.0], [-1.0, 0.0]]
