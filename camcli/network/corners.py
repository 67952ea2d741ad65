"""Check a layout by experiment: a change of one corner of the image moves that corner of the map."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from camcli.errors import CamcliWarning, LayerError
from camcli.network.cut import build_trunk
from camcli.network.layout import Layout
from camcli.network.outputs import find_spatial_layer
from camcli.network.split import LayoutCheck, SplitNetwork
from camcli.network.trace import TracedNetwork

_SHARE = 4
_CLEARLY = 1.2
"""Against the layout, how much more another corner must move than the one itself."""
_MORE_THAN_CHANCE = 1.02
"""For the layout, how much more the corner itself must move than any other."""
_CORNERS = ("top left", "top right", "bottom left", "bottom right")


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
    """Return how much each corner of a layer's map changes with each corner of the image.

    Returns:
        For each layer (4, 4): in row i, for a change of corner i of the image, the mean of
        Σ_k |A'_k - A_k| over each corner of the map, in the order top left, top right, bottom
        left, bottom right. A corner is a quarter of each side.

    """
    found = [find_spatial_layer(traced, layer) for layer in layers]
    trunk = build_trunk(traced, [node for node, _ in found])
    activations = trunk(_with_changed_corners(images))
    return [_changes(a, layout) for a, (_, layout) in zip(activations, found, strict=True)]


def _contradictions(changes: Tensor) -> list[tuple[int, int]]:
    """Return the corners (image, map) of which the image's clearly moves another of the map's."""
    found = []
    for corner, row in enumerate(changes):
        most = int(row.argmax())
        if row[most] > _CLEARLY * row[corner]:
            found.append((corner, most))
    return found


def _verdict(layer: str, changes: Tensor) -> LayoutCheck:
    wrong = _contradictions(changes)
    # One corner alone may be drowned out; what is turned, shifted or mixed up has two or more.
    if len(wrong) > 1:
        moved = "; ".join(f"{_CORNERS[one]} moves {_CORNERS[other]}" for one, other in wrong)
        raise LayerError(
            f"cannot tell how the layer {layer!r} lies in space: changes of the image's corners "
            f"move other corners of its map than its graph says ({moved}). Choose another layer"
        )
    return "confirmed" if _is_clear(changes) else "inconclusive"


def _worst(verdicts: Sequence[LayoutCheck]) -> LayoutCheck:
    return "inconclusive" if "inconclusive" in verdicts else "confirmed"


def _is_clear(changes: Tensor) -> bool:
    """Return whether each corner of the image moves its own corner of the map most."""
    own = changes.diagonal()
    # Where a map is one row high, two of its corners are one.
    other = torch.where(changes == own[:, None], 0, changes).amax(1)
    return bool((own > _MORE_THAN_CHANCE * other).all())


def _layers(cut: SplitNetwork) -> list[str]:
    return [cut.layer, *(tap.layer for tap in cut.taps)]


def _with_changed_corners(images: Tensor) -> Tensor:
    """Return an image, and four times the same with a corner of another."""
    image, other = images[0], images[1]
    batch = image.repeat(5, 1, 1, 1)
    for changed, (rows, columns) in zip(batch[1:], _corners(*image.shape[1:]), strict=True):
        changed[:, rows, columns] = other[:, rows, columns]
    return batch


def _changes(activation: Tensor, layout: Layout) -> Tensor:
    maps = layout.to_maps(activation)
    change = (maps[1:] - maps[:1]).abs().sum(1).nan_to_num()
    corners = _corners(layout.height, layout.width)
    return torch.stack([change[:, rows, columns].mean((1, 2)) for rows, columns in corners], 1)


def _corners(height: int, width: int) -> list[tuple[slice, slice]]:
    down, across = -(-height // _SHARE), -(-width // _SHARE)
    sides = [slice(0, down), slice(height - down, height)]
    return [
        (rows, columns)
        for rows in sides
        for columns in (slice(0, across), slice(width - across, width))
    ]
