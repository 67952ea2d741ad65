"""open_clip's dual encoders, with their preprocessing and tokenizers: `open_clip:ARCH/TAG`."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from torch import nn

from camcli.config import ModelConfig
from camcli.errors import CamcliWarning, ModelError, PromptError, suggest
from camcli.models.checkpoints.files import checkpoint_file
from camcli.models.loaded import LoadedModel
from camcli.models.prompt_scores import TOWER
from camcli.models.random_weights import enliven
from camcli.models.sources.base import ListedModel
from camcli.models.sources.open_clip_checkpoint import fill
from camcli.models.sources.open_clip_tags import tag_settings, why_name_a_tag
from camcli.models.sources.optional_package import OPEN_CLIP, OptionalPackage
from camcli.models.sources.prefixed import PrefixedSource
from camcli.models.text_tower import TextTower, Tokenizer
from camcli.models.weights import DEFAULT, INSTEAD, weights_record
from camcli.records import Preprocess


@dataclass(frozen=True)
class OpenClipSource(PrefixedSource):
    """open_clip's dual encoders, by architecture and the tag of their weights."""

    label: ClassVar[str] = "open_clip"
    prefix: ClassVar[str] = "open_clip:"
    package: ClassVar[OptionalPackage] = OPEN_CLIP
    dual_encoders: ClassVar[bool] = True

    def names(self) -> Sequence[str]:
        """Return the names of the architectures, without tags."""
        return [f"{self.prefix}{name}" for name in _open_clip().list_models()]

    def listed(self) -> list[ListedModel]:
        """Return the architectures with the tags of the weights that open_clip knows for each."""
        return [
            ListedModel(f"{self.prefix}{architecture}", self.label, _tags(architecture))
            for architecture in _open_clip().list_models()
        ]

    def load(self, config: ModelConfig, preprocess: Preprocess | None) -> LoadedModel:
        """Load a dual encoder; see `Source.load`."""
        architecture, _, tag = config.name.removeprefix(self.prefix).partition("/")
        known = _open_clip().list_models()
        if architecture not in known:
            raise ModelError(
                f"open_clip has no architecture {architecture!r}{suggest(architecture, known)}. "
                f"`camcli models '{self.prefix}*'` lists the {len(known)} that it has"
            )
        model = _with_weights(config, architecture, tag)
        preprocess = preprocess or _preprocess(model.visual, config.name)
        if config.weights is None:
            enliven(model.visual, preprocess.crop)
        return LoadedModel(
            name=config.name,
            network=model.visual.eval(),
            preprocess=preprocess,
            labels=None,
            default_layer=_default_layer(model.visual),
            weights=tag if config.weights == DEFAULT else weights_record(config.weights),
            text=TextTower(
                name=config.name,
                model=model.eval(),
                tokenizer=_tokenizer(architecture, config.kwargs.get("text_cfg") or {}),
                width=_embedding_width(architecture, config),
            ),
        )


def _open_clip() -> Any:
    try:
        import open_clip
    except ImportError:
        raise OPEN_CLIP.missing("a model named open_clip:ARCH/TAG") from None
    return open_clip


def _tags(architecture: str) -> tuple[str, ...]:
    return tuple(_open_clip().list_pretrained_tags_by_model(architecture))


def _with_weights(config: ModelConfig, architecture: str, tag: str) -> Any:
    known = _tags(architecture)
    if tag and tag not in known:
        raise ModelError(
            f"open_clip has no weights {tag!r} of {architecture}{suggest(tag, known)} "
            f"(valid: {', '.join(known) or 'none'}, or a --checkpoint)"
        )
    if config.weights is None:
        return _created(architecture, config, tag, pretrained=False)
    if config.weights != DEFAULT:
        path = checkpoint_file(Path(config.weights))
        if not tag:
            _warn_of_other_settings(architecture, config.name)
        model = _created(architecture, config, tag, pretrained=False)
        with _quiet():
            fill(_open_clip(), model, path, config)
        return model
    if not tag:
        named = config.name.removesuffix("/")
        choices = ", ".join(f"{named}/{choice}" for choice in known)
        raise ModelError(
            f"{config.name} names no weights: take {choices or 'another architecture'}, {INSTEAD}"
        )
    return _created(architecture, config, tag, pretrained=True)


def _created(architecture: str, config: ModelConfig, tag: str, pretrained: bool) -> Any:
    """Make a model with the settings of a tag, and with its weights if those are asked for."""
    settings = tag_settings(_open_clip().get_pretrained_cfg(architecture, tag) if tag else {})
    preparing = settings.preparing | dict(config.kwargs.get("force_preprocess_cfg") or {})
    options = {
        "pretrained": tag if pretrained else None,
        "pretrained_text": False,
        # What a tag was trained with counts; of a mismatch, open_clip itself only warns.
        "force_quick_gelu": settings.quick_gelu,
        **config.kwargs,
        "force_preprocess_cfg": preparing,
    }
    try:
        with _quiet():
            return _open_clip().create_model(architecture, **options)
    except Exception as error:  # open_clip, its hub client and the model's own constructor
        raise OPEN_CLIP.cannot_make(config.name, error, with_weights=pretrained) from error


def _warn_of_other_settings(architecture: str, name: str) -> None:
    """Tell where weights that a checkpoint may come from had settings that no tag names."""
    library = _open_clip()
    own = asdict(library.transform.PreprocessCfg()) | library.get_model_config(architecture)
    tags = {tag: library.get_pretrained_cfg(architecture, tag) for tag in _tags(architecture)}
    reason = why_name_a_tag(name, own, tags)
    if reason:
        warnings.warn(reason, CamcliWarning, stacklevel=2)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what open_clip logs of every step, and of weights that were not asked for."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)


def _embedding_width(architecture: str, config: ModelConfig) -> int:
    """Return the length of the embeddings, as the constructor was given it."""
    return int({**_open_clip().get_model_config(architecture), **config.kwargs}["embed_dim"])


def _tokenizer(architecture: str, given: Mapping[str, Any]) -> Callable[[], Tokenizer]:
    """Return what makes a model's tokenizer, with the options of the `text_cfg` that was given."""
    options = given.get("tokenizer_kwargs") or {}

    def made() -> Tokenizer:
        try:
            with _quiet():
                tokenizer: Tokenizer = _open_clip().get_tokenizer(architecture, **options)
        except Exception as error:  # a hub client, or a package that the tokenizer needs
            raise PromptError(
                f"cannot get the tokenizer of open_clip's {architecture}: {type(error).__name__}: "
                f"{' '.join(str(error).split())[:300]}"
            ) from error
        return tokenizer

    return made


def _default_layer(tower: nn.Module) -> str | None:
    """Return the layer to explain at by default, None where the scores' gradient shows it.

    An attention pool over a transformer's tokens reads keys and values of them: the tokens
    themselves are what lies before it.
    """
    pool = getattr(getattr(tower, "trunk", None), "attn_pool", None)
    return f"{TOWER}.trunk.norm" if isinstance(pool, nn.Module) else None


def _preprocess(tower: Any, name: str) -> Preprocess:
    """Return what open_clip does to an image for this model's inference."""
    asked = tower.preprocess_cfg
    size = asked["size"]
    height, width = (size, size) if isinstance(size, int) else size
    mode = asked["resize_mode"]
    if mode == "longest":
        warnings.warn(
            f"{name} saw images whole, with a border; camcli crops them at the centre. Set "
            "preprocess to say otherwise",
            CamcliWarning,
            stacklevel=2,
        )
    squash = mode == "squash" or height != width
    return Preprocess(
        resize=(height, width) if squash else height,
        crop=(height, width),
        mean=tuple(asked["mean"]),
        std=tuple(asked["std"]),
        interpolation=asked["interpolation"] if asked["interpolation"] != "random" else "bicubic",
    )
