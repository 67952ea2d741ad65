"""How a caller says that images become the network's input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic import ValidationError

from camcli.config import PreprocessConfig
from camcli.errors import ConfigError
from camcli.models.preprocessing import resolved
from camcli.records import Preprocess

# What torchvision's transform for classification says of itself.
_PRESET = ("resize_size", "crop_size", "mean", "std", "interpolation")

Preparation: TypeAlias = Any
"""A mapping with the keys of a configuration's `preprocess`, a transform of torchvision's weights
or the weights themselves, a `Preprocess`, or None for what comes with the network."""


def preprocess_from(given: Preparation) -> Preprocess | None:
    """Return what a caller gave as a record, None where nothing was given.

    Raises:
        ConfigError: It is none of these, or a key or value does not fit.

    """
    if given is None or isinstance(given, Preprocess):
        return given
    if isinstance(given, PreprocessConfig):
        return resolved(given)
    if isinstance(given, Mapping):
        return _from_keys(given)
    return _from_torchvision(given)


def _from_keys(given: Mapping[str, Any]) -> Preprocess:
    try:
        return resolved(PreprocessConfig.model_validate(dict(given)))
    except ValidationError as error:
        raise ConfigError(
            "preprocess: "
            + "; ".join(
                f"{'.'.join(map(str, each['loc'][:1]))}: {each['msg']} (found {each['input']!r})"
                for each in error.errors()
            )
        ) from None


def _from_torchvision(given: Any) -> Preprocess:
    from torchvision.models._api import WeightsEnum

    from camcli.models.sources.torchvision import preprocess_of

    transform = given.transforms() if isinstance(given, WeightsEnum) else given
    if not all(hasattr(transform, key) for key in _PRESET):
        raise ConfigError(
            f"preprocess: a {type(given).__name__} does not say how images are prepared; give "
            "{'resize': 256, 'crop': 224, 'mean': [...], 'std': [...]}, or the transforms() of "
            "torchvision's weights"
        )
    return preprocess_of(transform)
