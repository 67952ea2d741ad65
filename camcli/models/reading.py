"""What the user says that a model's scores are."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from camcli.errors import ConfigError
from camcli.models.loaded import LoadedModel
from camcli.models.prompt_scores import PromptScores


def read_as(
    model: LoadedModel, probabilities: Literal["auto", "softmax", "sigmoid", "none"]
) -> LoadedModel:
    """Return a model whose scores become probabilities as the user says; `auto` says nothing.

    Raises:
        ConfigError: The user also asked for the softmax itself to be explained.

    """
    if probabilities == "auto":
        return model
    scores_shares = isinstance(model.network, PromptScores) and model.network.score == "softmax"
    if scores_shares and probabilities != "none":
        raise ConfigError(
            f"model.probabilities: {probabilities} does not go with prompts.score: softmax, whose "
            "scores are probabilities already; leave one of the two out"
        )
    return replace(model, probabilities=probabilities)
