"""What can be named as a model, from every source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from camcli.errors import ModelError
from camcli.models.sources import demo, demo_clip
from camcli.models.sources import open_clip as open_clip_zoo
from camcli.models.sources import timm as timm_zoo
from camcli.models.sources import torchvision as torchvision_zoo


@dataclass(frozen=True)
class Named:
    """A model that can be named.

    Attributes:
        name: As `--model` takes it.
        source: demo, torchvision, timm or open_clip.
        weights: Names of the weights that the source knows, beside `null` and a checkpoint.

    """

    name: str
    source: str
    weights: tuple[str, ...]


def catalogue(pattern: str | None) -> list[Named]:
    """List the models whose name matches a shell pattern, or holds a plain word.

    timm's, of which there are over a thousand, and open_clip's are listed only where a pattern
    begins with `timm:` or `open_clip:`.

    Raises:
        ModelError: The models of a package are asked for that is not installed.

    """
    if pattern and pattern.startswith(timm_zoo.PREFIX):
        return _matching(_timm(), pattern)
    if pattern and pattern.startswith(open_clip_zoo.PREFIX):
        return _matching(_open_clip(), pattern)
    demos = [Named(name, "demo", ("default",)) for name in (demo.NAME, demo_clip.NAME)]
    return _matching([*demos, *_torchvision()], pattern)


def counts() -> dict[str, int | None]:
    """Return how many models each package beside torchvision has, None where it is missing."""
    return {
        "timm": _count(timm_zoo.names),
        "open_clip": _count(open_clip_zoo.names),
    }


def _count(names: Callable[[], tuple[str, ...]]) -> int | None:
    try:
        return len(names())
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


def _open_clip() -> list[Named]:
    return [
        Named(f"{open_clip_zoo.PREFIX}{name}", "open_clip", open_clip_zoo.tags(name))
        for name in open_clip_zoo.names()
    ]


def _matching(models: list[Named], pattern: str | None) -> list[Named]:
    if pattern is None:
        return models
    glob = pattern if any(mark in pattern for mark in "*?[") else f"*{pattern}*"
    return [model for model in models if fnmatchcase(model.name, glob)]
