"""Tensors of places: complex, row + column·i, NaN for no place in particular."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

TOLERANCE = 0.1
"""Pixels by which two places may differ and be the same: rounding."""

_NOWHERE = complex("nan")


def of_pixels(height: int, width: int, channels: int) -> Tensor:
    """Return the places of an image, (1, channels, height, width)."""
    rows = torch.arange(height, dtype=torch.float32)
    columns = torch.arange(width, dtype=torch.float32)
    return torch.complex(*torch.meshgrid(rows, columns, indexing="ij")).expand(1, channels, -1, -1)


def nowhere(shape: Sequence[int]) -> Tensor:
    """Return places of which none is known."""
    return torch.full((), _NOWHERE, dtype=torch.complex64).expand(tuple(shape))


def is_somewhere(places: Tensor) -> bool:
    """Return whether any place is known."""
    return not bool(compact(places).isnan().all())


def compact(places: Tensor) -> Tensor:
    """Return the places with each axis along which they are merely repeated cut to length 1."""
    for dim, stride in enumerate(places.stride()):
        if stride == 0 and places.size(dim) > 1:
            places = places.narrow(dim, 0, 1)
    return places


def average(places: Tensor, dims: Sequence[int]) -> Tensor:
    """Return the mean of the known places along some axes, which are kept with length 1.

    Where one and the same mean is left everywhere, each value has seen the whole image, and is
    nowhere in particular.
    """
    places = compact(places)
    known = ~places.isnan()
    count = known.sum(list(dims), keepdim=True)
    mean = torch.where(known, places, 0).sum(list(dims), keepdim=True) / count
    return mean if varies(mean) else nowhere(mean.shape)


def varies(places: Tensor) -> bool:
    """Return whether there are two different places."""
    places = compact(places)
    known = places[~places.isnan()]
    return known.numel() > 0 and bool((known - known[0]).abs().max() > TOLERANCE)


def levels(coordinates: Tensor) -> tuple[Tensor, Tensor]:
    """Return the different values of coordinates (n,), ascending, and which one each of them is."""
    ordered, order = coordinates.sort()
    steps = (ordered.diff(prepend=ordered[:1]) > TOLERANCE).cumsum(0)
    which = torch.empty_like(steps)
    which[order] = steps
    first = torch.cat([steps.new_ones(1), steps.diff()]).bool()
    return ordered[first], which
