"""What the classes of timm's models are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import nn

from camcli.models.labels import ClassNames

_WORDNET = re.compile(r"n\d{8}")


def classes_of(network: nn.Module) -> ClassNames | None:
    """Return the names in a model's own configuration, or those of the ImageNet that it knows.

    Names that are not as many as the classes are another head's.
    """
    settings = getattr(network, "pretrained_cfg", None) or {}
    names = settings.get("label_names")
    if names and len(names) == getattr(network, "num_classes", None):
        return _own(list(map(str, names)), settings.get("label_descriptions") or {})
    return _of_imagenet(network)


def _own(names: list[str], descriptions: Mapping[str, Any]) -> ClassNames:
    """Return a configuration's names; what describes an identifier is synonyms apart by commas."""
    described = [str(descriptions.get(name, name)) for name in names]
    if all(_WORDNET.fullmatch(name) for name in names):
        return ClassNames(tuple(map(_shortest, described)), tuple(names))
    return ClassNames(tuple(described))


def _of_imagenet(network: nn.Module) -> ClassNames | None:
    import timm.data

    data: Any = timm.data
    subset = data.infer_imagenet_subset(network)
    if not subset:
        return None
    info = data.ImageNetInfo(subset)
    described = map(info.index_to_description, range(info.num_classes()))
    return ClassNames(tuple(map(_shortest, described)), tuple(info.label_names()))


def _shortest(description: str) -> str:
    return description.split(",")[0]
