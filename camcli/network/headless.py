"""Whether a network's outputs are scores of classes at all, or features without a head."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor, fx, nn

from camcli.errors import CamcliWarning, ModelError
from camcli.network.head import Head, channels_of, head_of, is_matrix, is_pointwise, values_of
from camcli.network.nodes import module_paths, packet_of
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

_FEATURE_WORDS = frozenset({
    "embed", "embeds", "embedding", "embeddings", "feature", "features", "feat", "feats", "latent",
    "proj", "projection", "projector", "representation", "representations",
})  # fmt: skip
"""What features are called, as an output or as the layer that makes them."""

_CLASSIFIERS = {"classifier", "classification_head", "cls_head", "logits"}
_ROUNDING = 1e-4

_HEADS = ("fc", "head", "heads", "classifier", "last_linear", "fc_out", "head_dist")

_REMEDY = (
    "Put a head on it, or list the names of its classes in model.labels if these are scores of "
    "classes. What makes an image similar to another cannot be explained yet"
)


def require_head(traced: TracedNetwork, network: nn.Module, labels: Sequence[str] | None) -> None:
    """Refuse a network without a classification head, and tell of one that may be without.

    A network has none for certain if it says so itself; if it calls its output features; if it
    scales its outputs to one length; if every place has outputs of its own; or if what it pools
    comes of a larger convolution or is normalised, and its head was taken out or further layers
    read the same. A last convolution of one place at a time, pooled as it is, is the head of fully
    convolutional classifiers, and a last linear layer is a head, whatever it was made for. What
    lies between, and a last layer that is called a projection, is told. No network has features of
    a single number.

    Args:
        traced: The network as a graph.
        network: The network itself.
        labels: Class names, if there are any; as many as there are outputs say that these are
            scores of classes, unless the network says that it has none.

    Raises:
        ModelError: It has no head.

    """
    outputs, head = values_of(traced.logits), head_of(traced)
    said = _by_its_word(traced, network, head)
    if said is not None:
        raise ModelError(f"{_headless(outputs)}: {said}")
    if outputs == 1 or (labels is not None and len(labels) == outputs):
        return
    shown = _by_its_graph(traced, network, head)
    if shown is not None:
        raise ModelError(f"{_headless(outputs)}: {shown}. {_REMEDY}")
    doubt = _doubt(traced, network, head)
    if doubt is not None:
        warnings.warn(
            f"the network may have no classification head: {doubt}. If its {outputs} outputs are "
            "features, put a head on it; if they are scores of classes, list the names of these "
            "in model.labels",
            CamcliWarning,
            stacklevel=2,
        )


def _headless(outputs: int) -> str:
    return (
        f"the network has no classification head, so its {outputs} outputs are features, not "
        "scores of classes"
    )


def _by_its_word(traced: TracedNetwork, network: nn.Module, head: Head) -> str | None:
    """Return how the network itself says that it has no classes, and what to do."""
    parts = [set(module_paths(node)) for node in head.maps]
    ends_in = {"", *set[str]().union(*parts[:1]).intersection(*parts)}
    if any(
        path in ends_in and getattr(module, "num_classes", None) == 0
        for path, module in network.named_modules()
    ):
        return (
            "its num_classes is 0. Make it with the number of classes that its weights know "
            "(num_classes in model.kwargs); weights that know none, as of training without "
            "labels, need a head first"
        )
    output = traced.scores.place.rpartition(".")[2]
    if output in _FEATURE_OUTPUTS:
        return (
            f"they are its {output!r}, as the bodies in transformers return them. Load it with "
            "AutoModelForImageClassification, which returns 'logits'"
        )
    return None


def _by_its_graph(traced: TracedNetwork, network: nn.Module, head: Head) -> str | None:
    """Return what in the graph shows that its outputs are no scores of classes."""
    output = traced.scores.place.rpartition(".")[2]
    if _words(output) & _FEATURE_WORDS:
        return f"it calls them {output!r}"
    length = _one_length(traced.returned)
    if length is not None and (_is_one(length) or any(map(_is_norm, head.behind))):
        return f"it scales its outputs to length {length:.4g}, as embeddings are"
    if not head.pooled:
        return None
    where = _pooled_layer(traced, head)
    if head.pooled == head.maps and values_of(traced.logits) > sum(map(channels_of, head.maps)):
        return f"it returns several numbers for each channel of {where}, as of its places"
    like_features = _like_features(network, head)
    if like_features is None or _unlike_scores(head) is None:
        return None
    return f"it returns what it pools of {where}, {like_features}"


def _doubt(traced: TracedNetwork, network: nn.Module, head: Head) -> str | None:
    """Return what is unusual for scores of classes, and usual for features."""
    if any(packet_of(node) == _aten.dropout for node in head.behind):
        return "it ends in a dropout, as what lies before a head does"
    called = _called_features(head)
    if called is not None:
        return f"its last layer is called {called!r}"
    if not head.pooled:
        return None
    why = _unlike_scores(head) or _like_features(network, head)
    return f"it returns what it pools of {_pooled_layer(traced, head)}, {why}" if why else None


def _words(name: str) -> set[str]:
    return set(name.lower().split("_"))


def _called_features(head: Head) -> str | None:
    """Return the path of a last layer that is named after an embedding, None without."""
    for path in sorted({path for node in head.maps for path in module_paths(node)[-1:]}):
        names = [name for name in path.split(".") if not name.isdecimal()]
        words = _words(names[-1]) if names else set()
        # A module called `features` holds convolutions, and a `classifier` may end in `out_proj`.
        if words & _FEATURE_WORDS - {"feature", "features"} and not _CLASSIFIERS & {*names[:-1]}:
            return path
    return None


def _one_length(rows: Tensor) -> float | None:
    """Return the length that all outputs (R, N) have, None where lengths differ.

    Shares that add up to 1 are probabilities, and may be of one class each.
    """
    rows = rows.double()
    if bool((rows >= 0).all()) and bool(((rows.sum(1) - 1).abs() < _ROUNDING).all()):
        return None
    lengths = rows.norm(dim=1)
    same = bool(((lengths - lengths[0]).abs() <= _ROUNDING * lengths[0]).all())
    return float(lengths[0]) if same and bool(lengths[0] > 0) else None


def _is_one(length: float) -> bool:
    return abs(length - 1) < _ROUNDING


def _is_norm(node: fx.Node) -> bool:
    return packet_of(node) in _NORMS


def _like_features(network: nn.Module, head: Head) -> str | None:
    """Return in what the maps that are pooled are like those before a head."""
    if head.is_read_elsewhere:
        return "which further layers of it read as well"
    removed = _removed_head(network, head)
    return f"and its {removed!r} does nothing" if removed else None


def _unlike_scores(head: Head) -> str | None:
    """Return in what the maps that are pooled are unlike those of a fully convolutional head."""
    if any(packet_of(node) in _NORMALISATIONS for node in head.behind):
        return "which is normalised as features are"
    if not all(map(is_pointwise, head.pooled)):
        return "whose convolution is larger than 1x1"
    return None


def _pooled_layer(traced: TracedNetwork, head: Head) -> str:
    """Return the last module whose output still has places and is pooled, for messages."""
    outermost: dict[fx.Node, str] = {}
    for path, node in module_outputs(traced).items():
        outermost.setdefault(node, path)
    paths = [path for node, path in outermost.items() if node in head.behind and is_matrix(node)]
    return f"the layer {paths[-1]!r}" if paths else "its last layer"


def _removed_head(network: nn.Module, head: Head) -> str | None:
    """Return the path of a head that was replaced by a module that does nothing, None without.

    That of a part counts only where the maps that are pooled are that part's own.
    """
    parts = {path for node in head.pooled for path in ("", *module_paths(node))}
    for path, module in network.named_modules():
        part, _, name = path.rpartition(".")
        if name in _HEADS and part in parts and _does_nothing(module):
            return str(path)
    return None


def _does_nothing(module: nn.Module) -> bool:
    if isinstance(module, nn.Sequential):
        return all(map(_does_nothing, module))
    return isinstance(module, nn.Identity | nn.Dropout)
