"""Where networks come from: one module per source, and what all of them hand over."""

from __future__ import annotations

import torch

from camcli.config import ModelConfig, PreprocessConfig
from camcli.errors import ModelError, suggest
from camcli.models import demo, torchvision_zoo
from camcli.models.loaded import LoadedModel
from camcli.records import Preprocess

__all__ = ["LoadedModel", "load_model"]


def load_model(
    config: ModelConfig, preprocess: PreprocessConfig | None = None, seed: int = 0
) -> LoadedModel:
    """Find and load the network that a configuration names, on the CPU and in evaluation mode.

    Args:
        config: Its name and weights.
        preprocess: What replaces the preprocessing that comes with the weights, if anything.
        seed: Of random weights.

    Raises:
        ModelError: There is no such network, or its weights cannot be had.

    """
    torch.manual_seed(seed)
    if config.name == demo.NAME:
        loaded = demo.load(config)
    elif config.name in torchvision_zoo.names():
        loaded = torchvision_zoo.load(config)
    else:
        known = [demo.NAME, *torchvision_zoo.names()]
        raise ModelError(
            f"there is no model {config.name!r}{suggest(config.name, known)}. Give demo, or the "
            "name of a torchvision classification model, such as resnet50"
        )
    return loaded if preprocess is None else loaded.with_preprocess(_resolved(preprocess))


def _resolved(config: PreprocessConfig) -> Preprocess:
    crop = config.crop if isinstance(config.crop, tuple) else (config.crop, config.crop)
    return Preprocess(config.resize, crop, config.mean, config.std, config.interpolation)
