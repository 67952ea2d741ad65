"""Which weights a network gets: its own, random ones, or a checkpoint's."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from camcli.config import ModelConfig
from camcli.models.checkpoint import load_checkpoint
from camcli.models.checkpoints.choice import Choice
from camcli.models.random_weights import enliven

DEFAULT = "default"
"""What `model.weights` says for a source's own weights."""

INSTEAD = "give a --checkpoint, or take random weights with --set model.weights=null"
"""What a user can do where a source's own weights are out of reach."""


def set_weights(
    model: nn.Module, config: ModelConfig, size: tuple[int, int], images: nn.Module | None = None
) -> None:
    """Give a model the weights that are asked for, where it was made with the default ones.

    Args:
        model: As its constructor returned it.
        config: Whose `weights` say which: `default` leaves the model as it is, None takes its
            weights for random ones and makes the scores depend on the image, and a path is a
            checkpoint's.
        size: (H, W) of its input.
        images: The part that takes images, where that is not the whole.

    Raises:
        ModelError: The checkpoint cannot be read or does not fit.

    """
    if config.weights is None:
        enliven(model if images is None else images, size)
    elif config.weights != DEFAULT:
        load_checkpoint(model, Path(config.weights), Choice.of(config))


def weights_record(weights: str | None) -> str:
    """Return what the record of a run says of `model.weights`."""
    return "random" if weights is None else weights
