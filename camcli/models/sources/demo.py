"""The small network that camcli carries with it."""

from __future__ import annotations

from pathlib import Path

from camcli.config import ModelConfig
from camcli.demo.network import DEFAULT_LAYER, INPUT_SIZE, MEAN, STD, DemoNet, load_demo
from camcli.demo.scenes import CLASSES
from camcli.errors import ModelError
from camcli.models.checkpoint import load_checkpoint
from camcli.models.loaded import LoadedModel
from camcli.models.random_weights import enliven
from camcli.records import Preprocess

NAME = "demo"


def load(config: ModelConfig, preprocess: Preprocess | None) -> LoadedModel:
    """Load the demo network: bundled weights, random ones, or those of a checkpoint.

    Raises:
        ModelError: The checkpoint does not fit, or `model.kwargs` are given, which it has none of.

    """
    if config.kwargs:
        raise ModelError(f"the demo model takes no model.kwargs (found {config.kwargs!r})")
    preprocess = preprocess or Preprocess(INPUT_SIZE, (INPUT_SIZE, INPUT_SIZE), MEAN, STD)
    if config.weights == "default":
        network = load_demo()
    else:
        network = DemoNet()
        if config.weights is None:
            enliven(network, preprocess.crop)
        else:
            load_checkpoint(network, Path(config.weights))
    return LoadedModel(
        name=NAME,
        network=network.eval(),
        preprocess=preprocess,
        labels=CLASSES,
        default_layer=DEFAULT_LAYER,
        weights=str(config.weights or "random"),
    )
