"""Maps stretched to [0, 1]: the one min-max normalisation of methods, engine and evaluation."""

from __future__ import annotations

import torch
from torch import Tensor


def min_max(maps: Tensor, out: Tensor | None = None) -> Tensor:
    """Return (m - min m) / (max m - min m) of each map m (..., h, w), in [0, 1].

    A constant map becomes 0, one that holds NaN becomes NaN.

    Args:
        maps: Floating-point, of any leading dimensions.
        out: Where to write the result, `maps` itself if it is not needed any more.

    """
    return scaled(maps, *bounds(maps), out=out)


def scaled(maps: Tensor, low: Tensor, high: Tensor, out: Tensor | None = None) -> Tensor:
    """Return (m - low) / (high - low) of each map m (..., h, w); m - low where that divides by 0.

    Args:
        maps: Floating-point, of any leading dimensions.
        low: What becomes 0, broadcastable to the maps, as `bounds` returns it.
        high: What becomes 1, likewise.
        out: Where to write the result.

    """
    span = high - low
    return torch.sub(maps, low, out=out).div_(torch.where(span > 0, span, 1))


def bounds(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Return the smallest and the largest value of each map (..., h, w), (..., 1, 1) both.

    Those of a map that holds NaN are NaN.
    """
    # Two passes: on a CPU, PyTorch's aminmax along a dimension is many times slower.
    flat = maps.flatten(-2)
    return flat.amin(-1)[..., None, None], flat.amax(-1)[..., None, None]
