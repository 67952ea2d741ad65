"""What can be named as a model, from every source."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fnmatch import fnmatchcase

from camcli.errors import ModelError
from camcli.models import demo, timm_zoo, torchvision_zoo


@dataclass(frozen=True)
class Named:
    """A model that can be named.

    Attributes:
        name: As `--model` takes it.
        source: demo, torchvision or timm.
        weights: Names of the weights that the source knows, beside `null` and a checkpoint.

    """

    name: str
    source: str
    weights: tuple[str, ...]


def catalogue(pattern: str | None) -> list[Named]:
    """List the models whose name matches a shell pattern, or holds a plain word.

    timm's, of which there are over a thousand, are listed only where a pattern begins with
    `timm:`.

    Raises:
        ModelError: timm's models are asked for, and timm is not installed.

    """
    if pattern and pattern.startswith(timm_zoo.PREFIX):
        return _matching(_timm(), pattern)
    return _matching([Named(demo.NAME, "demo", ("default",)), *_torchvision()], pattern)


def timm_count() -> int | None:
    """Return how many models timm has, None where it is not installed."""
    try:
        return len(timm_zoo.names())
    except ModelError:
        return None


def _torchvision() -> list[Named]:
    return [
        Named(name, "torchvision", torchvision_zoo.weight_names(name))
        for name in torchvision_zoo.names()
    ]


def _timm() -> list[Named]:
    tags = defaultdict(list)
    for name in timm_zoo.pretrained_names():
        architecture, _, tag = name.partition(".")
        tags[architecture].append(tag)
    return [
        Named(f"{timm_zoo.PREFIX}{name}", "timm", tuple(tags[name])) for name in timm_zoo.names()
    ]


def _matching(models: list[Named], pattern: str | None) -> list[Named]:
    if pattern is None:
        return models
    glob = pattern if any(mark in pattern for mark in "*?[") else f"*{pattern}*"
    return [model for model in models if fnmatchcase(model.name, glob)]
