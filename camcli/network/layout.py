"""Read an activation, in whatever order its network keeps it, as channel maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

Order = Literal["NCHW", "NHWC", "tokens", "tokens-first"]
_MOST_EXTRA_TOKENS = 16
_MOST_ASPECT_ERROR = 0.5


@dataclass(frozen=True)
class Layout:
    """Where channels and space lie in an activation.

    Attributes:
        order: NCHW, NHWC, tokens (B, T, K), or tokens-first (T, B, K).
        channels: K.
        height: h, rows of the spatial grid.
        width: w, columns of the spatial grid.
        extra_tokens: Tokens ahead of the grid's: class and register tokens.

    """

    order: Order
    channels: int
    height: int
    width: int
    extra_tokens: int = 0

    @property
    def batch_dim(self) -> int:
        """The dimension that counts the images."""
        return 1 if self.order == "tokens-first" else 0

    def to_maps(self, activation: Tensor) -> Tensor:
        """Return the channel maps (B, K, h, w) of an activation; extra tokens are left out."""
        if self.order == "NCHW":
            return activation
        if self.order == "NHWC":
            return activation.permute(0, 3, 1, 2)
        if self.order == "tokens-first":
            activation = activation.transpose(0, 1)
        grid = activation[:, self.extra_tokens :]
        maps: Tensor = grid.transpose(1, 2).unflatten(2, (self.height, self.width))
        return maps

    def from_maps(self, maps: Tensor, activation: Tensor) -> Tensor:
        """Return `activation` with its spatial part replaced by channel maps (B, K, h, w).

        Extra tokens keep the values that `activation` has for them.
        """
        if self.order == "NCHW":
            return maps
        if self.order == "NHWC":
            return maps.permute(0, 2, 3, 1)
        tokens = maps.flatten(2).transpose(1, 2)
        if self.order == "tokens-first":
            tokens = tokens.transpose(0, 1)
        replaced = activation.clone()
        along = 1 if self.order == "tokens" else 0
        replaced.narrow(along, self.extra_tokens, self.height * self.width).copy_(tokens)
        return replaced


def infer_layout(shape: tuple[int | None, ...], image_size: tuple[int, int]) -> Layout | None:
    """Infer how an activation is laid out from its shape and the input's aspect ratio.

    Args:
        shape: The activation's, with None for the batch.
        image_size: (H, W) of the network's input.

    Returns:
        The layout, or None where no reading has more than one place in space.

    """
    if len(shape) == 4 and shape[0] is None:
        return _infer_grid(shape[1:], image_size)
    if len(shape) == 3 and shape[0] is None:
        return _infer_tokens("tokens", shape[1], shape[2], image_size)
    if len(shape) == 3 and shape[1] is None:
        return _infer_tokens("tokens-first", shape[0], shape[2], image_size)
    return None


def _infer_grid(sizes: tuple[int | None, ...], image_size: tuple[int, int]) -> Layout | None:
    first, second, third = (size or 0 for size in sizes)
    readings = [
        Layout("NCHW", first, second, third),
        Layout("NHWC", third, first, second),
    ]
    spatial = [r for r in readings if r.height * r.width > 1]
    best = min(spatial, key=lambda r: _aspect_error(r, image_size), default=None)
    return best if best and _aspect_error(best, image_size) <= _MOST_ASPECT_ERROR else None


def _infer_tokens(
    order: Order, tokens: int | None, channels: int | None, image_size: tuple[int, int]
) -> Layout | None:
    for extra in range(min(_MOST_EXTRA_TOKENS, tokens or 0)):
        grid = _grid_of((tokens or 0) - extra, image_size)
        if grid is not None:
            return Layout(order, channels or 0, *grid, extra)
    return None


def _grid_of(places: int, image_size: tuple[int, int]) -> tuple[int, int] | None:
    """Return the grid of `places` that some stride makes of the image, rounded down or up."""
    for stride in range(1, max(image_size)):
        down = [side // stride for side in image_size]
        up = [-(-side // stride) for side in image_size]
        for rows, columns in (down, up):
            if rows * columns == places > 1:
                return rows, columns
    return None


def _aspect_error(layout: Layout, image_size: tuple[int, int]) -> float:
    return abs(layout.height * image_size[1] / (layout.width * image_size[0]) - 1.0)
