"""Contributions that are added up in chunks are those of the whole activation."""

from __future__ import annotations

import pytest
import torch

from camcli.attribution import chunks
from camcli.attribution.contributions import Contributions
from camcli.attribution.pair import Pair
from camcli.network.layout import Layout

LAYOUTS = {
    (5, 6, 3, 4): Layout("NCHW", 6, 3, 4),
    (5, 3, 4, 6): Layout("NHWC", 6, 3, 4),
    (5, 14, 6): Layout("tokens", 6, 3, 4, extra_tokens=2),
    (13, 5, 6): Layout("tokens-first", 6, 3, 4, extra_tokens=1),
}


@pytest.mark.parametrize("shape", LAYOUTS, ids=lambda shape: LAYOUTS[shape].order)
@pytest.mark.parametrize("cached", [1, 150, 1 << 18])
@pytest.mark.parametrize("channels_last", [False, True])
def test_chunks_add_up_to_the_whole(
    shape: tuple[int, ...], cached: int, channels_last: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "_CACHED", cached)
    layout, images = LAYOUTS[shape], LAYOUTS[shape].batch_dim
    value, multipliers = torch.randn(shape), torch.randn(shape)
    reference = torch.randn(shape).narrow(images, 0, 1)
    if channels_last and len(shape) == 4:
        value = value.contiguous(memory_format=torch.channels_last)
    change = torch.randn(5)
    found = Contributions(multipliers, Pair(value, reference), layout, change)
    c = (multipliers * (value - reference)).movedim(images, 0)
    torch.testing.assert_close(found.evidence, found.maps.sum(1))
    torch.testing.assert_close(found.maps.sum(1).sum((1, 2)), _of_the_grid(c, layout).sum((1, 2)))
    for row in range(5):
        size = max(float(change[row].abs()), float(c[row].abs().sum()))
        expected = abs(float(c[row].sum()) - float(change[row])) / size
        assert float(found.completeness_error[row]) == pytest.approx(expected, rel=1e-4)


def _of_the_grid(c: torch.Tensor, layout: Layout) -> torch.Tensor:
    """Leave out extra tokens, slowly: (B, places or rows, the rest)."""
    return c.flatten(2) if layout.order in ("NCHW", "NHWC") else c[:, layout.extra_tokens :]


def test_a_chunk_is_an_image_at_least_and_the_batch_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tensor = torch.arange(24.0).view(4, 6)
    for cached, rows in ((1, [1, 1, 1, 1]), (12, [2, 2]), (18, [3, 1]), (1 << 18, [4])):
        monkeypatch.setattr(chunks, "_CACHED", cached)
        assert [len(chunk) for (chunk,) in chunks.chunks(tensor)] == rows
