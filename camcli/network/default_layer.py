"""Which layer to explain at: one that still has places in space, each with a say in the scores."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, fx

from camcli.errors import CamcliWarning, LayerError
from camcli.network.nodes import packet_of, shape_of
from camcli.network.split import SplitNetwork, layers_of, module_outputs, split
from camcli.network.trace import TracedNetwork

_aten = torch.ops.aten

# What rearranges, drops nothing or averages: the layer before it says as much, or more.
_PASSIVE = {
    _aten.adaptive_avg_pool2d,
    _aten.avg_pool2d,
    _aten.clone,
    _aten.contiguous,
    _aten.dropout,
    _aten.feature_dropout,
    _aten.flatten,
    _aten.permute,
    _aten.transpose,
    _aten.view,
}


def default_layer(traced: TracedNetwork, images: Tensor) -> str:
    """Return the last layer whose places in space have a say in the scores.

    Walking back from the scores, passed over are modules that only rearrange or average, maps of
    the class scores themselves, and activations whose gradient is zero: a vision transformer that
    reads its class token alone is blind to the patch tokens behind its last attention.

    Raises:
        LayerError: There is none.

    """
    for layer in _candidates(traced, None):
        if has_gradient(split(traced, layer), images):
            return layer
    raise LayerError(
        "no layer of the network has an extent in space and a say in the scores; "
        "`camcli layers` shows what each of its modules gives"
    )


def warn_if_no_gradient(traced: TracedNetwork, halves: SplitNetwork, images: Tensor) -> None:
    """Warn of a layer whose places in space have no say in the scores, and name one that has."""
    if has_gradient(halves, images):
        return
    better = next(
        (
            layer
            for layer in _candidates(traced, before=halves.layer)
            if has_gradient(split(traced, layer), images)
        ),
        None,
    )
    advice = f": give --layer {better}" if better else ""
    warnings.warn(
        f"the scores do not depend on the places in space of the layer {halves.layer!r} (their "
        f"gradient is zero everywhere), so its maps will be empty{advice}",
        CamcliWarning,
        stacklevel=2,
    )


def has_gradient(halves: SplitNetwork, images: Tensor) -> bool:
    """Tell whether the gradient of the top scores is anywhere other than zero, in space."""
    with torch.no_grad():
        activation, *bypass = halves.trunk(images)
    leaf = activation.detach().requires_grad_()
    score = halves.tail(leaf, *bypass).amax(1).sum()
    (gradient,) = torch.autograd.grad(score, leaf)
    return bool(halves.layout.to_maps(gradient).any())


def _candidates(traced: TracedNetwork, before: str | None) -> list[str]:
    """Return layers from the last to the first, each activation under its outermost name.

    Those as wide as the activation they stand in for come first: a projection within attention has
    a say as well, and no meaning of its own.
    """
    outermost: dict[fx.Node, str] = {}
    for layer, node in module_outputs(traced).items():
        if layer == before:
            break
        outermost.setdefault(node, layer)
    layouts, classes = layers_of(traced), (shape_of(traced.logits) or (0, 0))[1]
    found = [
        (layer, layout.channels)
        for node, layer in reversed(outermost.items())
        if (layout := layouts[layer])
        and packet_of(node) not in _PASSIVE
        and layout.channels != classes
    ]
    replaced = layouts[before] if before else None
    width = replaced.channels if replaced else found[0][1] if found else 0
    return [layer for layer, _ in sorted(found, key=lambda entry: entry[1] != width)]
