"""timm's models, with the preprocessing and class names of their weights: `timm:NAME`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from camcli.config import ModelConfig
from camcli.errors import CamcliWarning, ModelError, suggest
from camcli.models.checkpoint import fill, read_checkpoint
from camcli.models.loaded import LoadedModel
from camcli.models.random_weights import enliven
from camcli.records import Preprocess

PREFIX = "timm:"


def names() -> tuple[str, ...]:
    """Return the names of timm's models, without the prefix.

    Raises:
        ModelError: timm is not installed.

    """
    return tuple(_timm().list_models())


def pretrained_names() -> tuple[str, ...]:
    """Return the names with a weight tag for which timm knows weights, without the prefix."""
    return tuple(_timm().list_models(pretrained=True))


def load(config: ModelConfig, preprocess: Preprocess | None) -> LoadedModel:
    """Load a model with its own weights, random ones (`weights: null`) or a checkpoint's.

    Raises:
        ModelError: timm is not installed, has no such model, or its weights cannot be had.

    """
    name = config.name.removeprefix(PREFIX)
    timm = _timm()
    if not timm.is_model(name.partition(".")[0]):
        known = timm.list_models()
        raise ModelError(
            f"timm has no model {name!r}{suggest(name, known)}. "
            f"`camcli models 'timm:*{name[:4]}*'` lists what it has"
        )
    network = _network(config, name)
    preprocess = preprocess or _preprocess(network, config.name)
    if config.weights is None:
        enliven(network, preprocess.crop)
    return LoadedModel(
        name=config.name,
        network=network.eval(),
        preprocess=preprocess,
        labels=_labels(network),
        default_layer=None,
        weights=str(config.weights or "random"),
    )


def _timm() -> Any:
    try:
        import timm
        import timm.data
    except ImportError:
        raise ModelError(
            "models named timm:NAME need timm, which is not installed: "
            "pip install 'camcli[timm]', or pip install timm"
        ) from None
    return timm


def _network(config: ModelConfig, name: str) -> nn.Module:
    if config.weights in (None, "default"):
        return _created(name, config, pretrained=config.weights == "default")
    path = Path(str(config.weights))
    weights = read_checkpoint(path)
    network = _created(name, config)
    classes = _classes_in(weights, network)
    if classes not in (None, getattr(network, "num_classes", None)):
        network = _created(name, config, num_classes=classes)
    fill(network, weights, path)
    return network


def _created(name: str, config: ModelConfig, **options: Any) -> nn.Module:
    try:
        network: nn.Module = _timm().create_model(name, **{**options, **config.kwargs})
    except Exception as error:  # timm, its hub client and the model's own constructor
        remedy = (
            "Without a network, give a --checkpoint, or take random weights with "
            "--set model.weights=null"
            if options.get("pretrained")
            else "Look at model.kwargs: timm.create_model takes them"
        )
        raise ModelError(
            f"timm cannot make {name}: {type(error).__name__}: {error}. {remedy}"
        ) from error
    return network


def _classes_in(weights: Mapping[str, Tensor], network: nn.Module) -> int | None:
    """Return how many classes the head in a checkpoint has, None where it has no such head."""
    heads = getattr(network, "default_cfg", {}).get("classifier") or ()
    heads = (heads,) if isinstance(heads, str) else heads
    sizes = [len(weights[f"{head}.weight"]) for head in heads if f"{head}.weight" in weights]
    return sizes[0] if sizes else None


def _preprocess(network: nn.Module, name: str) -> Preprocess:
    """Return what timm does to an image for this model's evaluation."""
    built_for = getattr(getattr(network, "patch_embed", None), "img_size", None)
    wanted = {"input_size": (3, *built_for)} if built_for else {}
    data = _timm().data.resolve_data_config(wanted, model=network, verbose=False)
    _, height, width = data["input_size"]
    scaled = (math.floor(height / data["crop_pct"]), math.floor(width / data["crop_pct"]))
    if data["crop_mode"] not in ("center", "squash"):
        warnings.warn(
            f"{name} was evaluated on images with a {data['crop_mode']}; camcli crops them at "
            "the centre. Set preprocess to say otherwise",
            CamcliWarning,
            stacklevel=2,
        )
    squash = data["crop_mode"] == "squash" or height != width
    return Preprocess(
        resize=scaled if squash else scaled[0],
        crop=(height, width),
        mean=tuple(data["mean"]),
        std=tuple(data["std"]),
        interpolation=data["interpolation"] if data["interpolation"] != "random" else "bilinear",
    )


def _labels(network: nn.Module) -> tuple[str, ...] | None:
    data = _timm().data
    subset = data.infer_imagenet_subset(network)
    if not subset:
        return None
    info = data.ImageNetInfo(subset)
    return tuple(info.index_to_description(i).split(",")[0] for i in range(info.num_classes()))
