"""Activations as channel maps, whatever their order."""

from __future__ import annotations

import pytest
import torch

from camcli.network.layout import Layout


@pytest.mark.parametrize(
    ("layout", "shape"),
    [
        (Layout("NCHW", 5, 2, 3), (4, 5, 2, 3)),
        (Layout("NHWC", 5, 2, 3), (4, 2, 3, 5)),
        (Layout("tokens", 5, 2, 3, 2), (4, 8, 5)),
        (Layout("tokens-first", 5, 2, 3, 2), (8, 4, 5)),
        (Layout("channel-tokens", 5, 2, 3, 2), (4, 5, 8)),
        (Layout("tokens", 5, 2, 3, 1, (5, 6, 0, 3, 2, 1)), (4, 7, 5)),
        (Layout("tokens", 5, 2, 3, 0, (5, 4, 0, 3, 2, 1)), (4, 2, 3, 5)),
        (Layout("tokens-first", 5, 2, 3, 1, (1, 2, 3, 4, 5, 6)), (7, 4, 5)),
    ],
)
def test_maps_can_be_taken_out_and_put_back(layout: Layout, shape: tuple[int, ...]) -> None:
    activation = torch.randn(shape)
    maps = layout.to_maps(activation)
    assert maps.shape == (4, 5, 2, 3)
    assert torch.equal(layout.from_maps(maps, activation), activation)
    changed = layout.from_maps(maps + 1.0, activation)
    assert torch.equal(layout.to_maps(changed), maps + 1.0)
    assert int((changed != activation).sum()) == maps.numel()


def test_a_place_keeps_its_row_and_column() -> None:
    tokens = torch.arange(7.0).view(1, 7, 1)
    assert Layout("tokens", 1, 2, 3, 1).to_maps(tokens).tolist() == [[[[1, 2, 3], [4, 5, 6]]]]


def test_places_may_lie_in_any_order_among_the_tokens() -> None:
    tokens = torch.arange(5.0).view(1, 5, 1)
    layout = Layout("tokens", 1, 2, 2, 1, (4, 0, 3, 1))
    assert layout.to_maps(tokens).tolist() == [[[[4, 0], [3, 1]]]]
