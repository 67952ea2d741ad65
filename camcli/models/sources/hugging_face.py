"""Models of transformers, from folders and from the Hugging Face Hub: `hf:ORG/NAME`."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor, nn

from camcli.config import ModelConfig
from camcli.errors import CamcliWarning, ModelError
from camcli.models.checkpoint import read_for
from camcli.models.checkpoints.choice import Choice
from camcli.models.checkpoints.telling import shortened
from camcli.models.float32 import as_float32
from camcli.models.hub.dual_encoder import DualEncoder, embedding_width, tokenizer_of
from camcli.models.hub.location import Location, locate
from camcli.models.hub.processor import Prepared, prepared_by
from camcli.models.inert_pickle import nothing_is_run, refused_by_library
from camcli.models.loaded import LoadedModel
from camcli.models.random_weights import enliven
from camcli.models.sources.base import ListedModel, Source
from camcli.models.sources.optional_package import TRANSFORMERS
from camcli.models.text_tower import TextTower
from camcli.models.weights import DEFAULT, weights_record
from camcli.records import Preprocess

_TRUST = "trust_remote_code"
_DUAL_ENCODERS = ("clip", "siglip")
_LOGITS = "logits"


@dataclass(frozen=True)
class HuggingFaceSource(Source):
    """Image classifiers, CLIP and SigLIP of transformers, from a folder or the Hub."""

    label: ClassVar[str] = "Hugging Face"
    prefix: ClassVar[str] = "hf:"
    downloads: ClassVar[bool] = True
    dual_encoders: ClassVar[bool] = True

    def matches(self, name: str) -> bool:
        """Return whether a name has the prefix."""
        return name.startswith(self.prefix)

    def names(self) -> Sequence[str]:
        """Return no name: the Hub has more than a list could hold."""
        return ()

    def listed(self) -> list[ListedModel]:
        """Return no model."""
        return []

    def summary(self) -> str:
        """Return where the models are."""
        return "any image classifier, CLIP or SigLIP of the Hub, or a folder (hf:./folder)"

    def load(self, config: ModelConfig, preprocess: Preprocess | None) -> LoadedModel:
        """Load a classifier or a dual encoder; see `Source.load`."""
        _transformers()
        location = locate(config.name, config.name.removeprefix(self.prefix))
        if config.kwargs.get(_TRUST):
            warnings.warn(
                f"{config.name}: {_TRUST} runs the Python code of the repository on this machine",
                CamcliWarning,
                stacklevel=2,
            )
        model = _made(config, location, _auto_class(location))
        converted = as_float32(model, config.name)
        prepared = Prepared(preprocess) if preprocess else _prepared(config, location)
        if _is_dual_encoder(location):
            return _dual_encoder(config, location, model, prepared, converted)
        network = BlueFirst(model) if prepared.blue_first else model
        if config.weights is None:
            enliven(network, prepared.preprocess.crop)
        return LoadedModel(
            name=config.name,
            network=network.eval(),
            preprocess=prepared.preprocess,
            labels=_labels(model.config),
            default_layer=None,
            weights=_record(config, location),
            output=_LOGITS,
            converted=converted,
        )


class BlueFirst(nn.Module):
    """A network that was trained on BGR, over RGB."""

    def __init__(self, network: nn.Module) -> None:
        """Keep the network."""
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Any:
        """Return what the network makes of images (B, 3, H, W) in RGB."""
        return self.network(images.flip(1))


def _dual_encoder(
    config: ModelConfig,
    location: Location,
    model: nn.Module,
    prepared: Prepared,
    converted: tuple[str, ...],
) -> LoadedModel:
    halves = DualEncoder(model).eval()
    if config.weights is None:
        enliven(halves.visual, prepared.preprocess.crop)
    return LoadedModel(
        name=config.name,
        network=halves.visual,
        preprocess=prepared.preprocess,
        labels=None,
        default_layer=None,
        weights=_record(config, location),
        text=TextTower(
            name=config.name,
            model=halves,
            tokenizer=tokenizer_of(location, location.options | _trust(config)),
            width=embedding_width(model),
        ),
        converted=converted,
    )


def _transformers() -> Any:
    try:
        import transformers
    except ImportError:
        raise TRANSFORMERS.missing("a model named hf:ORG/NAME") from None
    return transformers


def _is_dual_encoder(location: Location) -> bool:
    return location.config.get("model_type") in _DUAL_ENCODERS and not _classifies(location)


def _classifies(location: Location) -> bool:
    return any("ForImageClassification" in each for each in _architectures(location))


def _architectures(location: Location) -> list[str]:
    return list(map(str, location.config.get("architectures") or ()))


def _auto_class(location: Location) -> Any:
    """Return the class of transformers that loads a model.

    Raises:
        ModelError: It neither classifies images nor scores prompts.

    """
    library = _transformers()
    kind = location.config.get("model_type")
    if kind == "siglip2" and not _classifies(location):
        raise ModelError(
            f"{location.name} is a SigLIP 2 that takes images of any shape (naflex), as patches "
            "and no picture, which camcli does not explain: take one of a fixed resolution, such "
            "as google/siglip2-base-patch16-224"
        )
    if kind == "timm_wrapper":
        raise ModelError(
            f"{location.name} is a model of timm: name it "
            f"timm:hf-hub:{location.place}, or timm:local-dir:PATH where it is a folder"
        )
    if _is_dual_encoder(location):
        return library.AutoModel
    known = library.models.auto.modeling_auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES
    if kind not in known and not location.config.get("auto_map"):
        what = ", ".join(_architectures(location)) or kind or "nothing that config.json names"
        raise ModelError(
            f"{location.name} is {what}, which neither classifies images nor scores prompts as "
            f"CLIP and SigLIP do. Classifiers are {', '.join(sorted(known))}"
        )
    return library.AutoModelForImageClassification


def _made(config: ModelConfig, location: Location, auto: Any) -> Any:
    """Make a model, with the weights that are asked for."""
    try:
        with _quiet(), nothing_is_run():
            if config.weights == DEFAULT:
                return _filled(auto, location.place, location, **config.kwargs)
            settings = _transformers().AutoConfig.from_pretrained(
                location.place, **location.options, **config.kwargs
            )
            model = auto.from_config(settings, **_trust(config))
            if config.weights is None:
                return model
            given = read_for(model, Path(config.weights), Choice.of(config))
            # transformers knows the names that older versions of it gave to weights.
            return _filled(
                type(model), None, location, config.weights, config=settings, state_dict=given
            )
    except ModelError:
        raise
    except Exception as error:  # transformers, its hub client and the model's own constructor
        raise _cannot_make(config, error) from error


def _filled(
    auto: Any, place: str | None, location: Location, checkpoint: str | None = None, **options: Any
) -> Any:
    """Return a model with all of its weights; see `_require_all`."""
    where = location.options if place else {}
    model, loading = auto.from_pretrained(place, **where, **options, output_loading_info=True)
    _require_all(loading, location, checkpoint)
    return model


def _cannot_make(config: ModelConfig, error: Exception) -> ModelError:
    text = " ".join(str(error).split())
    if _TRUST in text:
        return ModelError(
            f"{config.name} comes with Python code of its own, which camcli does not run. If you "
            f"have read it and trust it: --set model.kwargs.{_TRUST}=true"
        )
    unsafe = refused_by_library(config.name, error)
    return unsafe or TRANSFORMERS.cannot_make(config.name, error, config.weights == DEFAULT)


def _require_all(loading: Mapping[str, Any], location: Location, checkpoint: str | None) -> None:
    """Refuse weights that leave a part of the network random; tell those that have no part.

    Raises:
        ModelError: transformers drew random numbers for some, as for a head that is not there.

    """
    absent = sorted(map(str, loading.get("missing_keys") or ()))
    whose = location.name if checkpoint is None else f"the checkpoint {checkpoint}"
    if absent and checkpoint is not None:
        raise ModelError(
            f"{whose} does not fit {location.name}: it has no weights for {shortened(absent)}"
        )
    if absent:
        what = ", ".join(_architectures(location)) or "something else"
        raise ModelError(
            f"{location.name} has no weights for {shortened(absent)}: it was saved as {what}, and "
            "its scores would be random. Take one that was trained to classify images"
        )
    surplus = sorted(map(str, loading.get("unexpected_keys") or ()))
    if surplus:
        warnings.warn(
            f"{whose}: of its weights, {shortened(surplus)} have no place in the network",
            CamcliWarning,
            stacklevel=2,
        )


def _prepared(config: ModelConfig, location: Location) -> Prepared:
    library = _transformers()
    try:
        with _quiet():
            processor = library.AutoImageProcessor.from_pretrained(
                location.place, **location.options, **_trust(config)
            )
    except Exception as error:  # whatever a missing or broken file raises there
        raise ModelError(
            f"{config.name}: its image processor cannot be read ({type(error).__name__}: "
            f"{' '.join(str(error).split())[:200]}). Say yourself how images are prepared, with "
            "the keys of preprocess (resize, crop, mean, std, interpolation)"
        ) from error
    return prepared_by(processor.to_dict(), config.name)


def _trust(config: ModelConfig) -> dict[str, Any]:
    return {_TRUST: bool(config.kwargs.get(_TRUST))}


def _labels(settings: Any) -> tuple[str, ...] | None:
    """Return the class names, None where transformers made them up (`LABEL_0`)."""
    names: Mapping[int, str] = settings.id2label or {}
    listed = tuple(str(names.get(index, "")) for index in range(len(names)))
    made_up = all(name == f"LABEL_{index}" for index, name in enumerate(listed))
    return None if made_up or not all(listed) else listed


def _record(config: ModelConfig, location: Location) -> str:
    own = f"{location.place}@{location.revision}" if location.revision else location.place
    return own if config.weights == DEFAULT else weights_record(config.weights)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what transformers logs of every step, and its progress bars."""
    told = _transformers().utils.logging
    before, bars = logging.root.manager.disable, told.is_progress_bar_enabled()
    logging.disable(logging.ERROR)
    told.disable_progress_bar()
    try:
        yield
    finally:
        logging.disable(before)
        if bars:
            told.enable_progress_bar()
