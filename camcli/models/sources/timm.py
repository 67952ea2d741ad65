"""timm's models, with the preprocessing and class names of their weights: `timm:NAME`.

`timm:hf-hub:ORG/NAME` and `timm:local-dir:PATH` are models with a configuration of their own.
"""

from __future__ import annotations

import math
import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor, nn

from camcli.config import ModelConfig
from camcli.errors import CamcliWarning, ModelError, suggest
from camcli.models.checkpoint import fill, read_for
from camcli.models.checkpoints.choice import Choice
from camcli.models.hub.location import in_folder, in_repository
from camcli.models.inert_pickle import nothing_is_run, refused_by_library
from camcli.models.loaded import LoadedModel
from camcli.models.random_weights import enliven
from camcli.models.sources.base import ListedModel
from camcli.models.sources.optional_package import TIMM, OptionalPackage
from camcli.models.sources.prefixed import PrefixedSource
from camcli.models.timm_classes import classes_of
from camcli.models.weights import DEFAULT, weights_record
from camcli.records import Preprocess

_HUB, _FOLDER = "hf-hub", "local-dir"
_DUAL_ENCODERS = ("clip", "pe_core")
"""What the names of weights contain that were trained with texts, in timm."""


@dataclass(frozen=True)
class TimmSource(PrefixedSource):
    """timm's models, by their own names with or without a weight tag, of the Hub or a folder."""

    label: ClassVar[str] = "timm"
    prefix: ClassVar[str] = "timm:"
    package: ClassVar[OptionalPackage] = TIMM

    def names(self) -> Sequence[str]:
        """Return the names without weight tags."""
        return [f"{self.prefix}{name}" for name in _timm().list_models()]

    def listed(self) -> list[ListedModel]:
        """Return the models with the tags of the weights that timm knows for each."""
        tags = defaultdict(list)
        for name in _timm().list_models(pretrained=True):
            architecture, _, tag = name.partition(".")
            tags[f"{self.prefix}{architecture}"].append(tag)
        return [ListedModel(name, self.label, tuple(tags[name])) for name in self.names()]

    def load(self, config: ModelConfig, preprocess: Preprocess | None) -> LoadedModel:
        """Load a model; see `Source.load`."""
        name = _found(config.name, config.name.removeprefix(self.prefix))
        network = _network(config, name)
        preprocess = preprocess or preprocess_of(network, config.name)
        if config.weights is None:
            enliven(network, preprocess.crop)
        classes = classes_of(network)
        if config.weights == DEFAULT and classes is None and config.labels is None:
            require_classes(network, config.name)
        return LoadedModel(
            name=config.name,
            network=network.eval(),
            preprocess=preprocess,
            labels=classes.labels if classes else None,
            default_layer=None,
            weights=weights_record(config.weights),
            class_ids=classes.ids if classes else None,
        )


def require_classes(network: nn.Module, name: str) -> None:
    """Refuse the image tower of a dual encoder, whose last layer makes an embedding.

    Raises:
        ModelError: timm's weights for it are such.

    """
    cfg = getattr(network, "pretrained_cfg", {})
    weights, outputs = f"{cfg.get('architecture')}.{cfg.get('tag')}", cfg.get("num_classes")
    own_head = getattr(network, "num_classes", None) != outputs
    if own_head or not any(word in weights for word in _DUAL_ENCODERS):
        return
    raise ModelError(
        f"{name} has no classes: its {outputs} outputs are an embedding, made to be compared with "
        "those of texts. Take a model of open_clip, which has the texts too (`camcli models "
        "'open_clip:*'`), or weights that were tuned to classes, as those are whose tag ends in "
        f"ft_in1k (`camcli models '{name.partition('.')[0]}'`)"
    )


def _timm() -> Any:
    try:
        import timm
        import timm.data
    except ImportError:
        raise TIMM.missing("a model named timm:NAME") from None
    return timm


def _found(model: str, name: str) -> str:
    """Return the name that timm makes a model by: its own, or where its files are.

    Raises:
        ModelError: timm has no such model, or its files are not there.

    """
    source, _, place = name.partition(":")
    if source.replace("_", "-") == _HUB:
        location = in_repository(model, place)
        return f"{_HUB}:{location.place}@{location.revision}"
    if source == _FOLDER:
        return f"{_FOLDER}:{in_folder(model, place).place}"
    timm = _timm()
    if not timm.is_model(name.partition(".")[0]):
        elsewhere = f", a repository is timm:{_HUB}:ORG/NAME, a folder timm:{_FOLDER}:PATH"
        raise ModelError(
            f"timm has no model {name!r}{suggest(name, timm.list_models())}. "
            f"`camcli models 'timm:*{name[:4]}*'` lists what it has"
            f"{elsewhere if '/' in name or ':' in name else ''}"
        )
    return name


def _network(config: ModelConfig, name: str) -> nn.Module:
    if config.weights is None or config.weights == DEFAULT:
        return _created(name, config, pretrained=config.weights == DEFAULT)
    path = Path(config.weights)
    network = _created(name, config)
    weights = read_for(network, path, Choice.of(config))
    classes = _classes_in(weights, network)
    if classes not in (None, getattr(network, "num_classes", None)):
        network = _created(name, config, num_classes=classes)
    fill(network, weights, path)
    return network


def _created(name: str, config: ModelConfig, **options: Any) -> nn.Module:
    try:
        with nothing_is_run():
            network: nn.Module = _timm().create_model(name, **{**options, **config.kwargs})
    except Exception as error:  # timm, its hub client and the model's own constructor
        unsafe = refused_by_library(config.name, error)
        raise unsafe or TIMM.cannot_make(
            name, error, with_weights=bool(options.get("pretrained"))
        ) from error
    return network


def _classes_in(weights: Mapping[str, Tensor], network: nn.Module) -> int | None:
    """Return how many classes the head in a checkpoint has, None where it has no such head."""
    heads = getattr(network, "default_cfg", {}).get("classifier") or ()
    heads = (heads,) if isinstance(heads, str) else heads
    sizes = [len(weights[f"{head}.weight"]) for head in heads if f"{head}.weight" in weights]
    return sizes[0] if sizes else None


def preprocess_of(network: nn.Module, name: str) -> Preprocess:
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
