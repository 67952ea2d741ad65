"""From the places of a tensor's values to the layout that takes its channel maps out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, fx

from camcli.network.layout import Layout, Order
from camcli.network.places.arrays import TOLERANCE, average, compact, is_somewhere, levels, varies

_NEAR = 0.5


@dataclass(frozen=True)
class Nowhere:
    """A tensor that is no grid of places.

    Attributes:
        culprit: The operation behind which places could not be followed; None where the tensor has
            no extent in space, or holds its places as no layout does.
        tangled: Whether it has several places, which no layout takes out.

    """

    culprit: fx.Node | None = None
    tangled: bool = False


Reading = Layout | Nowhere


def read(places: Tensor, sizes: tuple[int | None, ...], culprit: fx.Node | None) -> Reading:
    """Return how a tensor holds channel maps.

    Args:
        places: Of its values, for one image.
        sizes: Its own, None for the batch, -1 for one computed from the batch.
        culprit: Where places were lost on the way to it, if they were.

    """
    if not is_somewhere(places):
        return Nowhere(culprit)
    if not varies(places):
        return Nowhere()
    if sizes.count(None) != 1 or -1 in sizes:
        return Nowhere(tangled=True)
    batch = sizes.index(None)
    one = places.select(batch, 0)
    for channel in _channel_axes(one):
        where = _without(one, channel)
        layout = where is not None and _layout(where, one.size(channel), batch, channel)
        if layout:
            return layout
    return Nowhere(tangled=True)


def _channel_axes(one: Tensor) -> list[int]:
    """Return the axes that may count channels: the last or the first, one longer than 1 if any."""
    axes = dict.fromkeys([0, one.dim() - 1])
    return sorted(axes, key=lambda axis: one.shape[axis] == 1)


def _without(one: Tensor, channel: int) -> Tensor | None:
    """Return the places whatever the channel, None where channels are at different places."""
    if not varies(one.narrow(channel, 0, 1)) and varies(one):
        return None
    sizes = [size for axis, size in enumerate(one.shape) if axis != channel]
    one = compact(one)
    if one.size(channel) == 1:
        return one.select(channel, 0).expand(sizes)
    mean = average(one, [channel])
    where = mean.select(channel, 0).expand(sizes)
    apart = one - mean
    if not bool((apart.abs() > TOLERANCE).any()):
        return where
    for off, coordinates in ((apart.real, mean.real), (apart.imag, mean.imag)):
        if bool((off.abs() > _NEAR * _gap(coordinates)).any()):
            return None
    return where


def _gap(coordinates: Tensor) -> float:
    """Return the least difference between two coordinates that differ."""
    values, _ = levels(coordinates[~coordinates.isnan()])
    return float(values.diff().min()) if len(values) > 1 else float("inf")


def _layout(where: Tensor, channels: int, batch: int, channel: int) -> Layout | None:
    """Return the layout of one image's places (...), None where they are no grid."""
    if where.dim() == 2 and batch == 0 and _is_upright(where):
        height, width = where.shape
        return Layout("NCHW" if channel == 0 else "NHWC", channels, height, width)
    if batch == 0:
        return _tokens("tokens" if channel else "channel-tokens", where.flatten(), channels)
    if batch == 1 and where.dim() == 1 and channel:
        return _tokens("tokens-first", where, channels)
    return None


def _is_upright(where: Tensor) -> bool:
    """Return whether rows go down the first axis and columns along the second."""
    if bool(where.isnan().any()) or where.numel() < 2:
        return False
    return _goes_along(where.real, 0) and _goes_along(where.imag, 1)


def _goes_along(coordinates: Tensor, axis: int) -> bool:
    """Return whether coordinates grow along an axis, if it is longer than 1, and along no other."""
    across = coordinates - coordinates.narrow(1 - axis, 0, 1)
    steps = coordinates.diff(dim=axis)
    grows = coordinates.size(axis) == 1 or bool((steps > TOLERANCE).any())
    return grows and not bool((across.abs() > TOLERANCE).any() or (steps < -TOLERANCE).any())


def _tokens(order: Order, where: Tensor, channels: int) -> Layout | None:
    known = (~where.isnan()).nonzero().flatten()
    rows, row = levels(where[known].real)
    columns, column = levels(where[known].imag)
    height, width = len(rows), len(columns)
    number = row * width + column
    if len(known) < 2 or not torch.equal(number.sort().values, torch.arange(height * width)):
        return None
    tokens = known[number.argsort()]
    extra = len(where) - len(known)
    in_order = torch.equal(tokens, torch.arange(extra, len(where)))
    return Layout(
        order,
        channels,
        height,
        width,
        extra,
        None if in_order else tuple(tokens.tolist()),
    )
