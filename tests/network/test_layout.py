"""Activations as channel maps, whatever their order."""

from __future__ import annotations

import pytest
import torch

from camcli.network.layout import Layout, infer_layout


@pytest.mark.parametrize(
    ("shape", "image", "expected"),
    [
        ((None, 512, 7, 7), (224, 224), Layout("NCHW", 512, 7, 7)),
        ((None, 7, 7, 768), (224, 224), Layout("NHWC", 768, 7, 7)),
        ((None, 64, 12, 20), (192, 320), Layout("NCHW", 64, 12, 20)),
        ((None, 12, 20, 64), (192, 320), Layout("NHWC", 64, 12, 20)),
        ((None, 3, 56, 56), (224, 224), Layout("NCHW", 3, 56, 56)),
        ((None, 197, 768), (224, 224), Layout("tokens", 768, 14, 14, 1)),
        ((None, 196, 768), (224, 224), Layout("tokens", 768, 14, 14, 0)),
        ((None, 201, 384), (224, 224), Layout("tokens", 384, 14, 14, 5)),
        ((197, None, 768), (224, 224), Layout("tokens-first", 768, 14, 14, 1)),
        ((None, 241, 192), (192, 320), Layout("tokens", 192, 12, 20, 1)),
        ((None, 1 + 37 * 37, 64), (518, 518), Layout("tokens", 64, 37, 37, 1)),
    ],
)
def test_orders_are_told_apart(
    shape: tuple[int | None, ...], image: tuple[int, int], expected: Layout
) -> None:
    assert infer_layout(shape, image) == expected


@pytest.mark.parametrize(
    "shape", [(None, 1000), (None, 512, 1, 1), (None, 1, 768), (196, 768), (None, 4, 2, 7, 7)]
)
def test_what_has_no_extent_in_space_has_no_layout(shape: tuple[int | None, ...]) -> None:
    assert infer_layout(shape, (224, 224)) is None


@pytest.mark.parametrize(
    ("layout", "shape"),
    [
        (Layout("NCHW", 5, 2, 3), (4, 5, 2, 3)),
        (Layout("NHWC", 5, 2, 3), (4, 2, 3, 5)),
        (Layout("tokens", 5, 2, 3, 2), (4, 8, 5)),
        (Layout("tokens-first", 5, 2, 3, 2), (8, 4, 5)),
    ],
)
def test_maps_can_be_taken_out_and_put_back(layout: Layout, shape: tuple[int, ...]) -> None:
    activation = torch.randn(shape)
    maps = layout.to_maps(activation)
    assert maps.shape == (4, 5, 2, 3)
    assert torch.equal(layout.from_maps(maps, activation), activation)
    changed = layout.from_maps(maps + 1.0, activation)
    assert torch.equal(layout.to_maps(changed), maps + 1.0)
    if layout.extra_tokens:
        along = 1 if layout.order == "tokens" else 0
        extra = activation.narrow(along, 0, layout.extra_tokens)
        assert torch.equal(changed.narrow(along, 0, layout.extra_tokens), extra)


def test_a_place_keeps_its_row_and_column() -> None:
    tokens = torch.arange(7.0).view(1, 7, 1)
    assert Layout("tokens", 1, 2, 3, 1).to_maps(tokens).tolist() == [[[[1, 2, 3], [4, 5, 6]]]]
