"""WordNet's identifiers of classes, which ImageNet's folders and annotations are named by.

A synset is WordNet's term for one meaning with all its words; `n02102480` is the Sussex spaniel.
Networks for ImageNet-1k score its thousand synsets in the order of their identifiers, which
`data/imagenet_synsets.txt` lists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from camcli.targets.class_names import folded

_SYNSET = re.compile(r"n\d{8}", re.IGNORECASE)
_IMAGENET = Path(__file__).with_name("data") / "imagenet_synsets.txt"

# Where a list has an animal's or a garment's name twice, torchvision lengthens one of the two.
_UNLENGTHENED = {134: "crane", 639: "maillot"}


def is_synset(word: str) -> bool:
    """Return whether a word has the form of WordNet's identifiers of nouns."""
    return _SYNSET.fullmatch(word) is not None


def synsets_of(labels: Sequence[str] | None) -> tuple[str, ...] | None:
    """Return the identifiers of classes, by index, None where their names do not tell them.

    They do where every name begins with its identifier, and where the names are ImageNet's: all of
    them and in its order, each as torchvision spells it or, as in `tench, Tinca tinca`, followed by
    further words. A network is not taken for ImageNet's because it has a thousand classes.
    """
    if labels is None:
        return None
    leading = [name.split()[0] if name.split() else "" for name in labels]
    if all(map(is_synset, leading)):
        return tuple(map(str.lower, leading))
    return imagenet_synsets() if _are_imagenet(labels) else None


@lru_cache
def imagenet_synsets() -> tuple[str, ...]:
    """Return the identifiers of the classes of ImageNet-1k, by index."""
    return tuple(_IMAGENET.read_text(encoding="ascii").split())


def are_of_imagenet(names: Mapping[int, str]) -> bool:
    """Return whether classes, by index, have the names of ImageNet-1k's."""
    known = _imagenet_names()
    return all(
        index < len(known)
        and folded(name.split(",")[0]) in (known[index], _UNLENGTHENED.get(index))
        for index, name in names.items()
    )


def _are_imagenet(labels: Sequence[str]) -> bool:
    return len(labels) == len(imagenet_synsets()) and are_of_imagenet(dict(enumerate(labels)))


@lru_cache
def _imagenet_names() -> tuple[str, ...]:
    from torchvision.models import SqueezeNet1_1_Weights  # any of its networks has them

    labels = SqueezeNet1_1_Weights.DEFAULT.meta["categories"]
    return tuple(folded(label.split(",")[0]) for label in labels)
