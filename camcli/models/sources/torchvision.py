"""Torchvision's classification models, with the transforms and class names of their weights."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar
from urllib.error import URLError

import torch
import torchvision
from torch import nn
from torchvision.models._api import WeightsEnum, get_model, get_model_weights, list_models

from camcli.config import ModelConfig
from camcli.errors import CamcliWarning, ModelError, suggest
from camcli.models.checkpoint import fill, read_for
from camcli.models.checkpoints.choice import Choice
from camcli.models.loaded import LoadedModel
from camcli.models.random_weights import enliven
from camcli.models.sources.base import ListedModel, Source
from camcli.models.unfilled import Unfilled
from camcli.models.weights import DEFAULT, INSTEAD, weights_record
from camcli.records import Preprocess

# The last layer with an extent in space, by family; what comes first in the name decides.
_DEFAULT_LAYERS = (
    (r"(wide_)?resne(x)?t", "layer4"),
    (r"inception_v3", "Mixed_7c"),
    (r"googlenet", "inception5b"),
    (r"mnasnet", "layers"),
    (r"shufflenet", "conv5"),
    (r"regnet", "trunk_output"),
    (r"maxvit", "blocks.3"),
    (r"vit_._\d+|vit_", "encoder.layers.encoder_layer_{last}.ln_1"),
    (r"swin", "norm"),
    (r".*", "features"),
)


@dataclass(frozen=True)
class TorchvisionSource(Source):
    """Torchvision's classification models, by their own names."""

    label: ClassVar[str] = "torchvision"
    downloads: ClassVar[bool] = True

    def matches(self, name: str) -> bool:
        """Return whether torchvision has a classification model of that name."""
        return name in _names()

    def names(self) -> Sequence[str]:
        """Return the names, as `torchvision.models.get_model` knows them."""
        return _names()

    def listed(self) -> list[ListedModel]:
        """Return the models with the weights that torchvision has for each."""
        return [
            ListedModel(
                name, self.label, tuple(weights.name for weights in get_model_weights(name))
            )
            for name in _names()
        ]

    def load(self, config: ModelConfig, preprocess: Preprocess | None) -> LoadedModel:
        """Load a model; see `Source.load`."""
        known = get_model_weights(config.name)
        published = _weights_named(config, known) or _published(config, known)
        described = published or _default(known)
        network = _network(config, known)
        if config.weights and published is None and preprocess is None:
            _warn_of_other_transforms(config.name, described, known)
        preprocess = preprocess or _fitting(_preprocess(described), network)
        if config.weights is None:
            enliven(network, preprocess.crop)
        labels = tuple(described.meta["categories"])
        return LoadedModel(
            name=config.name,
            network=network.eval(),
            preprocess=preprocess,
            labels=labels if _classes(network) in (None, len(labels)) else None,
            default_layer=_default_layer(config.name, network),
            weights=weights_record(config.weights),
        )


@lru_cache
def _names() -> tuple[str, ...]:
    return tuple(list_models(module=torchvision.models))


def _default(known: type[WeightsEnum]) -> WeightsEnum:
    best: WeightsEnum = known["DEFAULT"]
    return best


def _weights_named(config: ModelConfig, known: type[WeightsEnum]) -> WeightsEnum | None:
    if config.weights == DEFAULT:
        return _default(known)
    return next((w for w in known if w.name == config.weights), None)


def _published(config: ModelConfig, known: type[WeightsEnum]) -> WeightsEnum | None:
    """Return the weights whose file a checkpoint is by its name, which has a digest in it."""
    file = Path(config.weights or "").name
    return next((w for w in known if w.url.rpartition("/")[2] == file), None)


def _warn_of_other_transforms(name: str, taken: WeightsEnum, known: type[WeightsEnum]) -> None:
    """Tell where published weights, which a checkpoint may come from, see images otherwise."""
    others = [w.name for w in known if _preprocess(w) != _preprocess(taken)]
    if others:
        warnings.warn(
            f"images are prepared for the checkpoint of {name} as for {taken.name} "
            f"(resize {_preprocess(taken).resize}), which {', '.join(others)} differ from: if it "
            "was trained otherwise, set preprocess",
            CamcliWarning,
            stacklevel=2,
        )


def _network(config: ModelConfig, known: type[WeightsEnum]) -> nn.Module:
    weights = _weights_named(config, known)
    if weights is not None:
        return _with_own_weights(config, weights)
    if config.weights is None:
        return _build(config)
    path = Path(config.weights)
    if not path.exists():
        choices = [DEFAULT, "null", *(w.name for w in known)]
        raise ModelError(
            f"{config.name} has no weights {config.weights!r}, and there is no such file"
            f"{suggest(config.weights, choices)} (valid: {', '.join(choices)}, or a path)"
        )
    return _from_checkpoint(config, path)


def _with_own_weights(config: ModelConfig, weights: WeightsEnum) -> nn.Module:
    try:
        with Unfilled():
            return _build(config, weights=weights)
    except (URLError, OSError, RuntimeError) as error:
        raise ModelError(
            f"cannot get the weights {weights} of {config.name}: {error}. Without a network, put "
            f"their file {weights.url.rsplit('/', 1)[-1]} into {torch.hub.get_dir()}/checkpoints "
            f"(set by TORCH_HOME), {INSTEAD}"
        ) from None


def _from_checkpoint(config: ModelConfig, path: Path) -> nn.Module:
    """Build the network with as many classes as the checkpoint's head has."""
    with Unfilled():
        network = _build(config)
        weights = read_for(network, path, Choice.of(config))
        head = next(reversed(network.state_dict().items()))[0]
        if head in weights and weights[head].shape[:1] != network.state_dict()[head].shape[:1]:
            network = _build(config, num_classes=len(weights[head]))
    fill(network, weights, path)
    return network


def _build(config: ModelConfig, **options: Any) -> nn.Module:
    if "weights" in config.kwargs:
        raise ModelError("model.kwargs: weights are chosen with model.weights or --checkpoint")
    if re.match("inception_v3|googlenet", config.name) and "weights" not in options:
        options["init_weights"] = True
    try:
        network: nn.Module = get_model(config.name, **{**options, **config.kwargs})
    except (TypeError, ValueError, AssertionError) as error:
        if not config.kwargs:
            raise
        raise ModelError(
            f"{config.name} does not take these model.kwargs: {type(error).__name__}: {error}"
        ) from error
    return network


def _preprocess(weights: WeightsEnum) -> Preprocess:
    return preprocess_of(weights.transforms())


def preprocess_of(transform: Any) -> Preprocess:
    """Return what torchvision's preset for classification does to an image."""
    crop = transform.crop_size[0]
    return Preprocess(
        resize=transform.resize_size[0],
        crop=(crop, crop),
        mean=tuple(transform.mean),
        std=tuple(transform.std),
        interpolation=transform.interpolation.value,
    )


def _fitting(preprocess: Preprocess, network: nn.Module) -> Preprocess:
    """Scale a transform to the image size that a (transformer) network is built for."""
    side, usual = getattr(network, "image_size", preprocess.crop[0]), preprocess.crop[0]
    if side == usual or not isinstance(preprocess.resize, int):
        return preprocess
    resize = round(preprocess.resize * side / usual)
    return replace(preprocess, resize=resize, crop=(side, side))


def _default_layer(name: str, network: nn.Module) -> str:
    layer = next(layer for pattern, layer in _DEFAULT_LAYERS if re.match(pattern, name))
    if "{last}" in layer:
        blocks = network.get_submodule("encoder.layers")
        return layer.format(last=len(list(blocks.children())) - 1)
    return layer


def _classes(network: nn.Module) -> int | None:
    last = next(reversed(network.state_dict().values()), None)
    return None if last is None else len(last)
