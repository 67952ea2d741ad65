"""Read an activation, in whatever order its network keeps it, as channel maps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

Order = Literal["NCHW", "NHWC", "tokens", "tokens-first", "channel-tokens"]
_BATCH_AND_CHANNELS = {
    "NCHW": (0, 1),
    "NHWC": (0, -1),
    "tokens": (0, -1),
    "tokens-first": (1, -1),
    "channel-tokens": (0, 1),
}


@dataclass(frozen=True)
class Layout:
    """Where channels and space lie in an activation.

    Attributes:
        order: NCHW, NHWC, tokens (B, T, K), tokens-first (T, B, K) or channel-tokens (B, K, T); T
            may be several axes, such as windows and the places in each, which count as one.
        channels: K.
        height: h, rows of the spatial grid.
        width: w, columns of the spatial grid.
        extra_tokens: Tokens that are no place of the grid: class and register tokens.
        places: The token at each place of the grid, row by row; None where the extra tokens come
            first, and the others row by row.

    """

    order: Order
    channels: int
    height: int
    width: int
    extra_tokens: int = 0
    places: tuple[int, ...] | None = None

    @property
    def batch_dim(self) -> int:
        """The dimension that counts the images."""
        return _BATCH_AND_CHANNELS[self.order][0]

    def to_maps(self, activation: Tensor) -> Tensor:
        """Return the channel maps (B, K, h, w) of an activation; extra tokens are left out."""
        by_channel = activation.movedim(_BATCH_AND_CHANNELS[self.order], (0, 1))
        if self.order in ("NCHW", "NHWC"):
            return by_channel
        tokens = by_channel.flatten(2)
        if self.places is None:
            grid = tokens[:, :, self.extra_tokens :]
        else:
            grid = tokens.index_select(2, _index(self.places, tokens.device))
        return grid.unflatten(2, (self.height, self.width))

    def from_maps(self, maps: Tensor, activation: Tensor) -> Tensor:
        """Return `activation` with its spatial part replaced by channel maps (B, K, h, w).

        Extra tokens keep the values that `activation` has for them.
        """
        if self.order in ("NCHW", "NHWC"):
            return maps.movedim((0, 1), _BATCH_AND_CHANNELS[self.order])
        by_channel = activation.movedim(_BATCH_AND_CHANNELS[self.order], (0, 1))
        tokens = by_channel.flatten(2).clone()
        if self.places is None:
            tokens[:, :, self.extra_tokens :] = maps.flatten(2)
        else:
            tokens.index_copy_(2, _index(self.places, tokens.device), maps.flatten(2))
        replaced = tokens.view(by_channel.shape)
        return replaced.movedim((0, 1), _BATCH_AND_CHANNELS[self.order])


@lru_cache(maxsize=64)
def _index(places: tuple[int, ...], device: torch.device) -> Tensor:
    return torch.tensor(places, device=device)
