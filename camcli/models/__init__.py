"""Where networks come from, and what every source hands over.

What loading takes, torch first of all, is imported when a network is loaded: help and messages
name the sources without it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from camcli.config import Config, ModelConfig, PreprocessConfig
from camcli.errors import ModelError
from camcli.models.loaded import LoadedModel
from camcli.records import Preprocess

__all__ = ["LoadedModel", "load_configured", "load_model", "named_as"]


def load_configured(config: Config) -> LoadedModel:
    """Load the network of a run, with the preprocessing that it states; see `load_model`."""
    from camcli.models.preprocessing import stated

    return load_model(config.model, stated(config), config.run.seed)


def load_model(
    config: ModelConfig, preprocess: PreprocessConfig | Preprocess | None = None, seed: int = 0
) -> LoadedModel:
    """Find and load the network that a configuration names, on the CPU and in evaluation mode.

    Args:
        config: Its name and weights.
        preprocess: What replaces the preprocessing that comes with the weights, if anything.
        seed: Of random weights.

    Raises:
        ModelError: There is no such network, or its weights cannot be loaded.

    """
    import torch

    from camcli.models.adapter import with_adapter
    from camcli.models.catalogue import find_source
    from camcli.models.preprocessing import resolved

    source = find_source(config.name)
    torch.manual_seed(seed)  # after the source's imports, which may draw random numbers themselves
    if isinstance(preprocess, PreprocessConfig):
        preprocess = resolved(preprocess)
    loaded = source.load(config, preprocess)
    if config.adapter is not None:
        loaded = with_adapter(loaded, Path(config.adapter))
    return named_as(replace(loaded, output=config.output or loaded.output), config)


def named_as(loaded: LoadedModel, config: ModelConfig) -> LoadedModel:
    """Return a model with the class names of the file that a configuration names, if it does.

    Raises:
        ModelError: The file cannot be read, or the model has no classes to name.

    """
    from camcli.models.labels import read_labels

    if not config.labels:
        return loaded
    if loaded.text is not None:
        raise ModelError(
            f"model.labels: {loaded.name} has no classes to name, it scores prompts: leave it out"
        )
    names = read_labels(Path(config.labels))
    return replace(loaded, labels=names.labels, class_ids=names.ids)
