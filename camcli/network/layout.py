"""Read an activation, in whatever order its network keeps it, as channel maps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

Order = Literal["NCHW", "NHWC", "tokens", "tokens-first", "channel-tokens"]
_TOKEN_AXES = {"tokens": (0, 2, 1), "tokens-first": (1, 2, 0), "channel-tokens": (0, 1, 2)}
"""The axes of images, channels and tokens, where all token axes count as one."""


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
        return 1 if self.order == "tokens-first" else 0

    @property
    def in_rows(self) -> bool:
        """Whether the places lie row by row, behind the extra tokens."""
        return self.places is None

    def to_maps(self, activation: Tensor) -> Tensor:
        """Return the channel maps (B, K, h, w) of an activation; extra tokens are left out."""
        if self.order == "NCHW":
            return activation
        if self.order == "NHWC":
            return activation.permute(0, 3, 1, 2)
        images, channels, tokens = _TOKEN_AXES[self.order]
        # Picked before the axes are permuted: channels stay as near each other in memory as they
        # were, and sums over them the same to the last bit.
        grid = self._pick(self._flat(activation), tokens)
        by_channel = grid.permute(images, channels, tokens)
        maps: Tensor = by_channel.unflatten(2, (self.height, self.width))
        return maps

    def from_maps(self, maps: Tensor, activation: Tensor) -> Tensor:
        """Return `activation` with its spatial part replaced by channel maps (B, K, h, w).

        Extra tokens keep the values that `activation` has for them.
        """
        if self.order == "NCHW":
            return maps
        if self.order == "NHWC":
            return maps.permute(0, 2, 3, 1)
        axes = _TOKEN_AXES[self.order]
        grid = maps.flatten(2).movedim((0, 1, 2), axes)
        replaced = self._flat(activation).clone()
        if self.places is None:
            self._pick(replaced, axes[2]).copy_(grid)
        else:
            replaced.index_copy_(axes[2], _index(self.places, activation.device), grid)
        return replaced.view(activation.shape)

    def _flat(self, activation: Tensor) -> Tensor:
        """Return an activation with one axis of tokens."""
        first = _TOKEN_AXES[self.order][2]
        return activation.flatten(first, first + activation.dim() - 3)

    def _pick(self, tokens: Tensor, axis: int) -> Tensor:
        if self.places is None:
            return tokens.narrow(axis, self.extra_tokens, self.height * self.width)
        return tokens.index_select(axis, _index(self.places, tokens.device))


@lru_cache(maxsize=64)
def _index(places: tuple[int, ...], device: torch.device) -> Tensor:
    return torch.tensor(places, device=device)
