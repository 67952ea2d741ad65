"""A raw map as every metric sees it: over the network's input, in [0, 1]."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from camcli.methods.scaling import bounds, scaled


def input_map(raw: Tensor, size: tuple[int, int], interpolation: str) -> Tensor:
    """Return a raw map (h, w) at the input's size (H, W), min-max normalised as `explain` does.

    A map that is zero everywhere stays so; one that is not finite becomes NaN.
    """
    full = F.interpolate(raw.float()[None, None], size, mode=interpolation, align_corners=False)
    full = full[0, 0].clamp_min(0)  # bicubic overshoots
    low, high = bounds(full)
    if not bool(torch.isfinite(low) & torch.isfinite(high)):
        return torch.full_like(full, torch.nan)
    return scaled(full, low, high)


def why_degenerate(saliency: Tensor) -> str | None:
    """Return why an `input_map` (H, W) cannot be measured, None where it can."""
    if bool(saliency.isnan().any()):
        return "there is no map, or it is not finite"
    return None if bool(saliency.any()) else "the map has the same value everywhere"
