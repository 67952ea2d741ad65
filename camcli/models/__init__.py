"""Where networks come from: one module per source, and what all of them hand over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from camcli.config import ModelConfig, PreprocessConfig
from camcli.errors import ModelError, suggest
from camcli.models.labels import read_labels
from camcli.models.loaded import LoadedModel
from camcli.models.preprocessing import resolved
from camcli.models.sources import demo, demo_clip, factory
from camcli.models.sources import open_clip as open_clip_zoo
from camcli.models.sources import timm as timm_zoo
from camcli.models.sources import torchvision as torchvision_zoo

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
    asked = None if preprocess is None else resolved(preprocess)
    if config.name == demo.NAME:
        loaded = demo.load(config, asked)
    elif config.name == demo_clip.NAME:
        loaded = demo_clip.load(config, asked)
    elif config.name.startswith(open_clip_zoo.PREFIX):
        loaded = open_clip_zoo.load(config, asked)
    elif config.name.startswith(timm_zoo.PREFIX):
        loaded = timm_zoo.load(config, asked)
    elif ":" in config.name:
        loaded = factory.load(config, asked)
    elif config.name in torchvision_zoo.names():
        loaded = torchvision_zoo.load(config, asked)
    else:
        known = [demo.NAME, demo_clip.NAME, *torchvision_zoo.names()]
        raise ModelError(
            f"there is no model {config.name!r}{suggest(config.name, known)}. Give demo, "
            "demo-clip, the name of a torchvision classification model, such as resnet50, "
            "timm:NAME, open_clip:ARCH/TAG or package.module:factory; `camcli models` lists what "
            "can be named"
        )
    labels = read_labels(Path(config.labels)) if config.labels else loaded.labels
    return replace(loaded, labels=labels, output=config.output)
