"""Check a layout by trial: a change of one corner of the image moves that corner of the map."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from camcli.errors import CamcliWarning, LayerError
from camcli.network.cut import build_trunk
from camcli.network.layout import Layout
from camcli.network.outputs import find_spatial_layer
from camcli.network.split import LayoutCheck, SplitNetwork
from camcli.network.trace import TracedNetwork

_CELLS = 4
_CLEARLY = 2.0
"""Against the layout, how much more another quarter of the map must move than the corner.

Where all places see the whole image, chance makes it 1.8; what is turned or shifted, far more.
"""
_MORE_THAN_CHANCE = 1.2
"""For the layout, how much more the corner must move than any other quarter."""
_CORNERS = ("top left", "top right", "bottom left", "bottom right")
_SIDES = ((-1, -1), (-1, 1), (1, -1), (1, 1))


def checked_corners(
    traced: TracedNetwork, cuts: Sequence[SplitNetwork], images: Tensor
) -> list[SplitNetwork]:
    """Return cuts with the outcome of the check of their layouts, those of their taps included.

    Args:
        traced: The network.
        cuts: Of it.
        images: Two images of noise, (2, 3, H, W).

    Raises:
        LayerError: A change of image corners moves other corners of a layer's map.

    """
    layers = dict.fromkeys(layer for cut in cuts for layer in _layers(cut))
    changes = dict(zip(layers, corner_changes(traced, list(layers), images), strict=True))
    verdicts = {layer: _verdict(layer, change) for layer, change in changes.items()}
    doubtful = [layer for layer, verdict in verdicts.items() if verdict == "inconclusive"]
    if doubtful:
        warnings.warn(
            f"a change of one corner of the image moves no corner of the map most at "
            f"{', '.join(doubtful)}: how the activation lies in space is known from the graph, and "
            "could not be confirmed by trying",
            CamcliWarning,
            stacklevel=2,
        )
    return [
        replace(cut, layout_check=_worst([verdicts[one] for one in _layers(cut)])) for cut in cuts
    ]


@torch.no_grad()
def corner_changes(traced: TracedNetwork, layers: Sequence[str], images: Tensor) -> list[Tensor]:
    """Return how much a change of each corner of the image changes each part of a layer's map.

    Returns:
        For each layer (4, r, c): for the top left, top right, bottom left and bottom right corner
        of the image, the mean of Σ_k |A'_k - A_k| over r x c parts of the map, at most 4 x 4.

    """
    found = [find_spatial_layer(traced, layer) for layer in layers]
    trunk = build_trunk(traced, [node for node, _ in found])
    # One by one: of large images, the activations of five take more memory than time.
    runs = [trunk(image[None]) for image in _with_changed_corners(images)]
    return [
        _changes(torch.cat(activations, layout.batch_dim), layout)
        for activations, (_, layout) in zip(zip(*runs, strict=True), found, strict=True)
    ]


def corner_ratios(changes: Tensor) -> Tensor:
    """Return how much more each corner (4,) of the image moves its corner of the map than others.

    That is the corner's share in what moves this part of the map, divided by the largest share that
    it has in a quarter of the map other than its own.

    Args:
        changes: (4, r, c), see `corner_changes`.

    """
    rows, columns = changes.shape[1:]
    down = torch.linspace(-1, 1, rows) if rows > 1 else torch.zeros(1)
    across = torch.linspace(-1, 1, columns) if columns > 1 else torch.zeros(1)
    ratios = []
    # Of what moves a part at all, the share of each corner: parts at the border, which see padding,
    # move less than others whatever is changed.
    shares = changes / changes.sum(0).clamp(min=torch.finfo(changes.dtype).tiny)
    for (up, left), change in zip(_SIDES, shares.cpu(), strict=True):
        beyond = (down * up < 0)[:, None] | (across * left < 0)
        own = change[0 if up < 0 else -1, 0 if left < 0 else -1]
        ratios.append(own / change[beyond].max())
    return torch.stack(ratios).nan_to_num(1.0)


def _verdict(layer: str, changes: Tensor) -> LayoutCheck:
    ratios = corner_ratios(changes)
    wrong = [name for name, ratio in zip(_CORNERS, ratios, strict=True) if ratio < 1 / _CLEARLY]
    # One corner alone may be drowned out; what is turned, shifted or mixed up has two or more.
    if len(wrong) > 1:
        raise LayerError(
            f"cannot tell how the layer {layer!r} lies in space: by the network's graph, changes "
            f"of some corners of the image ({', '.join(wrong)}) move other parts of its map more "
            "than the same corners. Choose another layer"
        )
    return "confirmed" if bool((ratios > _MORE_THAN_CHANCE).all()) else "inconclusive"


def _worst(verdicts: Sequence[LayoutCheck]) -> LayoutCheck:
    return "inconclusive" if "inconclusive" in verdicts else "confirmed"


def _layers(cut: SplitNetwork) -> list[str]:
    return [cut.layer, *(tap.layer for tap in cut.taps)]


def _with_changed_corners(images: Tensor) -> Tensor:
    """Return an image, and four times the same with a corner of another."""
    image, other = images[0], images[1]
    batch = image.repeat(5, 1, 1, 1)
    height, width = image.shape[1:]
    for changed, (up, left) in zip(batch[1:], _SIDES, strict=True):
        rows, columns = _side(height, up), _side(width, left)
        changed[:, rows, columns] = other[:, rows, columns]
    return batch


def _side(length: int, sign: int) -> slice:
    part = -(-length // _CELLS)
    return slice(0, part) if sign < 0 else slice(length - part, length)


def _changes(activation: Tensor, layout: Layout) -> Tensor:
    maps = layout.to_maps(activation)
    change = (maps[1:] - maps[:1]).abs().sum(1).nan_to_num()
    return F.adaptive_avg_pool2d(change, (min(layout.height, _CELLS), min(layout.width, _CELLS)))
