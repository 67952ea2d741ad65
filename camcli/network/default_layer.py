"""Which layer to explain at: the last that is spatial and has a gradient from the scores."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, fx

from camcli.errors import CamcliWarning, LayerError
from camcli.network.gradient import gradient_of_top, places_matter
from camcli.network.head import head_of
from camcli.network.nodes import packet_of
from camcli.network.outputs import layers_of, module_outputs
from camcli.network.split import split
from camcli.network.trace import TracedNetwork
from camcli.network.trial import Trial

_aten = torch.ops.aten

# Operations that only rearrange or average: the layer before them holds as much, or more.
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
    """Return the last layer with a gradient at its places in space.

    Passed over on the way back from the scores are modules that only rearrange or average, maps of
    the class scores themselves, and activations without a gradient: in a vision transformer that
    reads its class token alone, the patch tokens behind the last attention have none.

    Raises:
        LayerError: There is none.

    """
    return default_trial(traced, images).halves.layer


def default_trial(traced: TracedNetwork, images: Tensor) -> Trial:
    """Return images in the network cut at its default layer; see `default_layer`."""
    for layer in _candidates(traced, None):
        trial = Trial.of(split(traced, layer), images)
        if has_gradient(trial):
            return trial
    raise LayerError(
        "no layer of the network has an extent in space and a gradient from the scores; "
        "`camcli layers` shows the output of each of its modules"
    )


def warn_if_no_gradient(traced: TracedNetwork, trial: Trial, images: Tensor) -> None:
    """Warn of a layer without a gradient at its places in space, and name one that has one."""
    if has_gradient(trial):
        return
    refused = trial.halves.layer
    better = next(
        (
            layer
            for layer in _candidates(traced, before=refused)
            if has_gradient(Trial.of(split(traced, layer), images))
        ),
        None,
    )
    advice = f": give --layer {better}" if better else ""
    warnings.warn(
        f"the scores do not depend on the places in space of the layer {refused!r} (their "
        f"gradient is zero everywhere), so its maps will be empty{advice}",
        CamcliWarning,
        stacklevel=2,
    )


def has_gradient(trial: Trial) -> bool:
    """Return whether the scores depend on any place in space.

    The gradient of the top scores says so; where none reaches the layer, as the network detaches
    or compares it, what happens when its places become zero.
    """
    gradient = gradient_of_top(trial)
    if gradient is None:
        return places_matter(trial)
    return bool(trial.halves.layout.to_maps(gradient).any())


def _candidates(traced: TracedNetwork, before: str | None) -> list[str]:
    """Return layers from the last to the first, each activation under its outermost name.

    Those with as many channels as the layer they replace come first: a projection within attention
    has a gradient too, but its channels have no meaning of their own. One that has as many comes
    behind what it projects.
    """
    outermost: dict[fx.Node, str] = {}
    for layer, node in module_outputs(traced).items():
        if layer == before:
            break
        outermost.setdefault(node, layer)
    layouts, scores = layers_of(traced), head_of(traced).score_maps
    found = [
        (layer, layout.channels, _is_one_of_several_projections(node))
        for node, layer in reversed(outermost.items())
        if (layout := layouts[layer]) and packet_of(node) not in _PASSIVE and node not in scores
    ]
    replaced = layouts[before] if before else None
    width = replaced.channels if replaced else found[0][1] if found else 0
    return [layer for layer, _, _ in sorted(found, key=lambda e: (e[1] != width, e[2]))]


def _is_one_of_several_projections(node: fx.Node) -> bool:
    """Return whether a node is one of several linear maps of the same, as queries and keys are."""
    if packet_of(node) is not _aten.linear:
        return False
    projected = node.all_input_nodes[0]
    return sum(packet_of(user) is _aten.linear for user in projected.users) > 1
