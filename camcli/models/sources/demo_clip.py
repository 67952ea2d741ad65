"""The small dual encoder that camcli carries with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from camcli.config import ModelConfig
from camcli.demo.captions import WordTokenizer
from camcli.demo.dual_encoder import (
    DEFAULT_LAYER,
    IMAGE_SIZE,
    MEAN,
    STD,
    WIDTH,
    load_dual_encoder,
    new_dual_encoder,
)
from camcli.errors import ModelError
from camcli.models.checkpoint import load_checkpoint
from camcli.models.loaded import LoadedModel
from camcli.models.prompted import TOWER
from camcli.models.random_weights import enliven
from camcli.models.text_tower import TextTower
from camcli.records import Preprocess

NAME = "demo-clip"


def load(config: ModelConfig, preprocess: Preprocess | None) -> LoadedModel:
    """Load the demo's dual encoder: bundled weights, random ones, or those of a checkpoint.

    Raises:
        ModelError: open_clip is not installed, the checkpoint does not fit, or `model.kwargs` are
            given, which it has none of.

    """
    if config.kwargs:
        raise ModelError(f"{NAME} takes no model.kwargs (found {config.kwargs!r})")
    preprocess = preprocess or Preprocess(IMAGE_SIZE, (IMAGE_SIZE, IMAGE_SIZE), MEAN, STD)
    try:
        model: Any = load_dual_encoder() if config.weights == "default" else new_dual_encoder()
    except ImportError:
        raise ModelError(
            f"{NAME} needs open_clip, which is not installed: pip install 'camcli[clip]', or "
            "pip install open_clip_torch"
        ) from None
    if config.weights is None:
        enliven(model.visual, preprocess.crop)
    elif config.weights != "default":
        load_checkpoint(model, Path(config.weights))
    return LoadedModel(
        name=NAME,
        network=model.visual.eval(),
        preprocess=preprocess,
        labels=None,
        default_layer=f"{TOWER}.{DEFAULT_LAYER}",
        weights=str(config.weights or "random"),
        text=TextTower(NAME, model.eval(), WordTokenizer, WIDTH),
    )
