"""From raw maps to the numbers that a run keeps: which signs, and what becomes 1."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from camcli.methods.scaling import bounds, scaled
from camcli.records import MapSign, MapValues, Normalize

ROBUST_SHARE = 0.99
"""The share of a map's places whose magnitudes are at most its robust scale."""


@dataclass(frozen=True)
class Normalised:
    """A batch of maps as numbers to keep.

    Attributes:
        maps: float32 (B, H, W).
        low: The smallest raw value of each map.
        high: The largest.
        values: What the numbers of each map mean.

    """

    maps: Tensor
    low: list[float]
    high: list[float]
    values: list[MapValues]


@dataclass(frozen=True)
class Normalisation:
    """Which part of raw maps m is kept, and as which numbers.

    Attributes:
        sign: positive, ReLU(m); negative, ReLU(-m); signed, m.
        normalize: none, m itself; max, m / s with the scale s = max |m|; minmax, (m - min m) /
            (max m - min m); robust, m / s clipped to [-1, 1], s the smallest magnitude that 99 % of
            the places do not exceed, or max |m| where that is 0.
        scale: s, for all maps alike, in place of what each would have; None for their own.

    """

    sign: MapSign = "positive"
    normalize: Normalize = "minmax"
    scale: float | None = None

    def part(self, maps: Tensor) -> Tensor:
        """Return what is kept of raw maps of any shape, before they are stretched."""
        if self.sign == "signed":
            return maps
        return (maps if self.sign == "positive" else -maps).relu()

    def of(self, maps: Tensor) -> Normalised:
        """Return maps (B, H, W), which `part` has left and which were stretched, as numbers."""
        low, high = bounds(maps)
        scale, beyond = self._scale(maps, low, high)
        if self.normalize == "none":
            kept = maps
        elif self.normalize == "minmax":
            kept = scaled(maps, low, high).clamp_(0, 1)
        else:
            lowest = -1 if self.sign == "signed" else 0
            kept = scaled(maps, torch.zeros_like(scale), scale).clamp_(lowest, 1)
        scales: list[float | None] = list(scale.flatten().tolist())
        if self.scale is not None or self.normalize == "minmax":
            scales = [self.scale] * len(maps)
        meaning = [
            MapValues(self.sign, self.normalize, each, clipped)
            for each, clipped in zip(scales, beyond, strict=True)
        ]
        return Normalised(kept, low.flatten().tolist(), high.flatten().tolist(), meaning)

    def _scale(self, maps: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, list[int]]:
        """Return the scale of each map, (B, 1, 1), and how many of its values are beyond."""
        largest = torch.maximum(high, -low)
        if self.scale is not None:
            scale = torch.full_like(largest, self.scale)
        elif self.normalize == "robust":
            scale = _robust(maps.abs(), largest)
        else:
            return largest, [0] * len(maps)
        return scale, (maps.abs() > scale).flatten(1).sum(1).tolist()


def _robust(magnitudes: Tensor, largest: Tensor) -> Tensor:
    """Return the magnitude of rank ⌈0.99 n⌉ of n, (B, 1, 1); the largest where that is 0.

    By rank, without interpolation between ranks, so that it is a value of the map.
    """
    flat = magnitudes.flatten(1)
    rank = -int(-ROBUST_SHARE * flat.shape[1] // 1)
    found = flat.kthvalue(rank, dim=1).values[:, None, None]
    return torch.where(found > 0, found, largest)
