"""open_clip's dual encoders, with their preprocessing and tokenizers: `open_clip:ARCH/TAG`."""

from __future__ import annotations

import logging
import os
import pickle
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import nn

from camcli.config import ModelConfig
from camcli.errors import CamcliWarning, ModelError, PromptError, suggest
from camcli.models.loaded import LoadedModel
from camcli.models.prompted import TOWER
from camcli.models.random_weights import enliven
from camcli.models.text_tower import TextTower, Tokenizer
from camcli.records import Preprocess

PREFIX = "open_clip:"


def names() -> tuple[str, ...]:
    """Return the names of open_clip's architectures, without the prefix.

    Raises:
        ModelError: open_clip is not installed.

    """
    return tuple(_open_clip().list_models())


def tags(name: str) -> tuple[str, ...]:
    """Return the tags for which open_clip knows weights of an architecture."""
    return tuple(_open_clip().list_pretrained_tags_by_model(name))


def load(config: ModelConfig, preprocess: Preprocess | None) -> LoadedModel:
    """Load a dual encoder with its tag's weights, random ones (`weights: null`) or a checkpoint's.

    Raises:
        ModelError: open_clip is not installed, has no such architecture or tag, or the weights
            cannot be had or do not fit.

    """
    architecture, _, tag = config.name.removeprefix(PREFIX).partition("/")
    known = names()
    if architecture not in known:
        raise ModelError(
            f"open_clip has no architecture {architecture!r}{suggest(architecture, known)}. "
            f"`camcli models 'open_clip:*'` lists the {len(known)} that it has"
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
        weights=_described(config, tag),
        text=TextTower(
            name=config.name,
            model=model.eval(),
            tokenizer=_tokenizer(architecture),
            width=_embedding_width(architecture, config),
        ),
    )


def _open_clip() -> Any:
    try:
        import open_clip
    except ImportError:
        raise ModelError(
            "models named open_clip:ARCH/TAG need open_clip, which is not installed: "
            "pip install 'camcli[clip]', or pip install open_clip_torch"
        ) from None
    return open_clip


def _with_weights(config: ModelConfig, architecture: str, tag: str) -> Any:
    known = tags(architecture)
    if tag and tag not in known:
        raise ModelError(
            f"open_clip has no weights {tag!r} of {architecture}{suggest(tag, known)} "
            f"(valid: {', '.join(known) or 'none'}, or a --checkpoint)"
        )
    if config.weights is None:
        return _created(architecture, config)
    if config.weights != "default":
        path = Path(config.weights)
        _refuse_missing(path)
        model = _created(architecture, config)
        _fill(model, path, config.name)
        return model
    if not tag:
        choices = ", ".join(f"{PREFIX}{architecture}/{choice}" for choice in known)
        raise ModelError(
            f"{config.name} names no weights: take {choices or 'another architecture'}, give a "
            "--checkpoint, or take random weights with --set model.weights=null"
        )
    return _created(architecture, config, tag)


def _refuse_missing(path: Path) -> None:
    if not os.path.isfile(path):  # noqa: PTH113  (Path.is_file raises where a name is too long)
        raise ModelError(f"there is no checkpoint file {path}")


def _created(architecture: str, config: ModelConfig, tag: str | None = None) -> Any:
    library = _open_clip()
    # What a tag was trained with counts, and open_clip itself no more than warns of a mismatch.
    quick = tag is not None and library.get_pretrained_cfg(architecture, tag).get("quick_gelu")
    options = {"pretrained": tag, "pretrained_text": False, "force_quick_gelu": bool(quick)}
    try:
        with _quiet():
            return library.create_model(architecture, **{**options, **config.kwargs})
    except Exception as error:  # open_clip, its hub client and the model's own constructor
        remedy = (
            "Without a network, give a --checkpoint, or take random weights with "
            "--set model.weights=null"
            if tag
            else "Look at model.kwargs: open_clip.create_model takes them"
        )
        raise ModelError(
            f"open_clip cannot make {config.name}: {type(error).__name__}: {error}. {remedy}"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what open_clip logs of its every step, and of weights that nobody asked for."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)


def _fill(model: nn.Module, path: Path, name: str) -> None:
    """Fill a model with a checkpoint's weights, which open_clip converts from older layouts."""
    try:
        with _quiet():
            _open_clip().load_checkpoint(model, str(path), weights_only=True)
    except pickle.UnpicklingError as error:
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"the checkpoint {path} is refused: it holds more than weights, and reading it would "
            f"run code from it ({reason}). Save model.state_dict(), best as .safetensors"
        ) from None
    except Exception as error:  # as many kinds as there are ways to break such a file
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ModelError(f"the checkpoint {path} does not fit {name}: {reason}") from None


def _embedding_width(architecture: str, config: ModelConfig) -> int:
    """Return the length of the embeddings, as the constructor was told it."""
    return int({**_open_clip().get_model_config(architecture), **config.kwargs}["embed_dim"])


def _described(config: ModelConfig, tag: str) -> str:
    if config.weights is None:
        return "random"
    return tag if config.weights == "default" else config.weights


def _tokenizer(architecture: str) -> Callable[[], Tokenizer]:
    def made() -> Tokenizer:
        try:
            with _quiet():
                tokenizer: Tokenizer = _open_clip().get_tokenizer(architecture)
        except Exception as error:  # a hub client, or a package that the tokenizer needs
            raise PromptError(
                f"cannot get the tokenizer of {PREFIX}{architecture}: {type(error).__name__}: "
                f"{' '.join(str(error).split())[:300]}"
            ) from error
        return tokenizer

    return made


def _default_layer(tower: nn.Module) -> str | None:
    """Return where to look by default, None where the scores' gradient tells.

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
