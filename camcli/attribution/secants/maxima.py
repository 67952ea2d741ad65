"""Secants of maxima: the cross-maximum rule."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from camcli.attribution.pair import Pair, with_multiplier

Top = tuple[Tensor, Tensor]


class _Picked(torch.autograd.Function):
    """Elements along the last dimension by index, in the memory format of the index.

    The gradient has the format of the elements. `torch.gather` gives both row-major, and what is
    stored channels-last would meet row-major tensors from there on, at a multiple of the time.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(x, places)
        return torch.gather(x, -1, places, out=torch.empty_like(places, dtype=x.dtype))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        x, places = ctx.saved_tensors
        return torch.zeros_like(x).scatter_add_(-1, places, grads[0]), None


def _picked(x: Tensor, places: Tensor) -> Tensor:
    found: Tensor = _Picked.apply(x, places)
    return found


def largest(x: Pair, top: Top, reference_top: Top) -> Pair:
    """Take the largest of sets of elements, as max-pooling does, by the cross-maximum rule.

    Δy belongs to the element that is the largest now where the maximum rose, and to the one that
    was the largest at the reference where it fell. That element's own change is at least Δy, of
    the same sign, so the multiplier lies in [0, 1]. Elements that are the largest of several
    (overlapping) sets add up their shares.

    Args:
        x: (..., L), the elements.
        top: The largest element of each of S sets (..., S), and int64 its index along L.
        reference_top: The same at the reference, (..., S) or broadcastable.

    Returns:
        The pair of maxima, (..., S).

    """
    value, places = top
    reference, reference_places = reference_top
    chosen = torch.where(value >= reference, places, reference_places)
    now = _picked(x.value, chosen)
    delta = now.detach() - _picked(x.reference.expand_as(x.value), chosen)
    multiplier = torch.where(delta == 0, 1.0, (value - reference) / delta)
    return Pair(with_multiplier(value, multiplier, now), reference)
