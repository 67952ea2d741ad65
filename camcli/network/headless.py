"""Whether a network's outputs are scores of classes at all, or features without a head."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import torch
from torch import fx, nn

from camcli.errors import CamcliWarning, ModelError
from camcli.network.head import Head, head_of, is_pointwise, places_of, values_of
from camcli.network.nodes import packet_of
from camcli.network.outputs import module_outputs
from camcli.network.trace import TracedNetwork

_aten = torch.ops.aten

_NORMS = {_aten.norm, _aten.linalg_vector_norm}
_NORMALISATIONS = {
    _aten.batch_norm, _aten.native_batch_norm, _aten._native_batch_norm_legit_no_training,
    _aten.layer_norm, _aten.native_layer_norm, _aten.rms_norm, _aten.group_norm,
    _aten.native_group_norm, _aten.instance_norm,
}  # fmt: skip
_FEATURE_OUTPUTS = ("pooler_output", "image_embeds")
"""What transformers calls the outputs of bodies without a head."""

_HEADS = ("fc", "head", "heads", "classifier", "last_linear", "fc_out", "head_dist")

_REMEDY = (
    "Give it a head. If they are scores of classes, list their names in model.labels. What makes "
    "an image similar to another, or to a vector, cannot be explained yet"
)


def require_head(traced: TracedNetwork, network: nn.Module, labels: Sequence[str] | None) -> None:
    """Refuse a network without a classification head, and tell of one that may be without.

    A network has none for certain if it says so itself, or if what it pools are features: its
    head was taken out, other layers read them too, or every place has outputs of its own. A last
    convolution of one place at a time, pooled as it is, is the head of fully convolutional
    classifiers. What lies between is told.

    Args:
        traced: The network as a graph.
        network: The network itself.
        labels: Class names, if there are any; as many as outputs say that these are classes.

    Raises:
        ModelError: It has no head.

    """
    outputs = values_of(traced.logits)
    if labels is not None and len(labels) == outputs:
        return
    head = head_of(traced)
    reason = _by_its_word(traced, network) or _by_its_graph(traced, network, head)
    if reason is not None:
        raise ModelError(
            f"the network has no classification head: {reason}. Its {outputs} outputs are "
            f"features, not scores of classes. {_REMEDY}"
        )
    doubt = _doubt(traced, head)
    if doubt is not None:
        warnings.warn(
            f"the network may have no classification head: {doubt}. If its {outputs} outputs are "
            "features, give it a head; if they are scores of classes, list their names in "
            "model.labels",
            CamcliWarning,
            stacklevel=2,
        )


def _by_its_word(traced: TracedNetwork, network: nn.Module) -> str | None:
    """Return how the network itself says that it has no classes."""
    if getattr(network, "num_classes", None) == 0:
        return (
            "it was made with num_classes=0; leave that out of model.kwargs for the classes of "
            "its weights, or give their number"
        )
    output = traced.scores.place.rpartition(".")[2]
    if output in _FEATURE_OUTPUTS:
        return (
            f"it returns {output!r}, as bodies of transformers do; load it with "
            "AutoModelForImageClassification, which returns 'logits'"
        )
    return None


def _by_its_graph(traced: TracedNetwork, network: nn.Module, head: Head) -> str | None:
    """Return what in the graph shows that its outputs are no scores of classes."""
    if any(packet_of(node) in _NORMS for node in head.behind):
        return "it scales its outputs to length 1, as embeddings are"
    if not head.pooled:
        return None
    where = _pooled_layer(traced, head)
    removed = next(_removed_heads(network), None)
    if removed is not None:
        return f"its {removed!r} does nothing, so that it returns what it pools of {where}"
    if any(places_of(node) > 1 and values_of(node) == values_of(traced.logits)
           for node in head.pooled):  # fmt: skip
        return f"it returns {where} as it is, a number for every channel and place"
    if head.is_read_elsewhere:
        return (
            f"no learned layer lies behind the pooling of {where}, which further layers of its "
            "body read as well"
        )
    return None


def _doubt(traced: TracedNetwork, head: Head) -> str | None:
    """Return what is unusual for scores of classes, and usual for features."""
    packets = {packet_of(node) for node in head.behind}
    if _aten.dropout in packets:
        return "it ends in a dropout, as what lies before a head does"
    if not head.pooled:
        return None
    where = _pooled_layer(traced, head)
    if not packets.isdisjoint(_NORMALISATIONS):
        return f"it returns what it pools of {where}, which is normalised as features are"
    if not all(map(is_pointwise, head.pooled)):
        return f"it returns what it pools of {where}, whose convolution is larger than 1x1"
    return None


def _pooled_layer(traced: TracedNetwork, head: Head) -> str:
    """Return the last module whose output is pooled to the outputs, for messages."""
    found = "its last layer"
    outermost: dict[fx.Node, str] = {}
    for path, node in module_outputs(traced).items():
        outermost.setdefault(node, path)
    for node, path in outermost.items():
        if node in head.behind and values_of(node) > values_of(traced.logits):
            found = f"the layer {path!r}"
    return found


def _removed_heads(network: nn.Module) -> Iterator[str]:
    """Yield the paths of heads that were replaced by a module that does nothing."""
    for path, module in network.named_modules():
        if path.rpartition(".")[2] in _HEADS and _does_nothing(module):
            yield path


def _does_nothing(module: nn.Module) -> bool:
    if isinstance(module, nn.Sequential):
        return all(map(_does_nothing, module))
    return isinstance(module, nn.Identity | nn.Dropout)
