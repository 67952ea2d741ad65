"""What the user says that a model's scores are."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from camcli.errors import ConfigError
from camcli.models import LoadedModel
from camcli.models.prompt_scores import PromptScores
from camcli.models.reading import read_as


def test_the_users_word_replaces_the_models_and_auto_says_nothing(demo_model: LoadedModel) -> None:
    known = replace(demo_model, probabilities="sigmoid")
    assert read_as(known, "auto").probabilities == "sigmoid"
    assert read_as(known, "softmax").probabilities == "softmax"
    assert read_as(demo_model, "none").probabilities == "none"


def test_a_softmax_over_prompts_takes_no_other_reading(demo_model: LoadedModel) -> None:
    shares = PromptScores(nn.Identity(), torch.eye(2), torch.ones(()), score="softmax")
    explained_itself = replace(demo_model, network=shares, probabilities="none")
    assert read_as(explained_itself, "none").probabilities == "none"
    with pytest.raises(ConfigError, match=r"does not go with prompts\.score: softmax"):
        read_as(explained_itself, "sigmoid")


def test_the_score_of_a_single_prompt_may_be_said_to_be_a_logit(demo_model: LoadedModel) -> None:
    cosine = PromptScores(nn.Identity(), torch.eye(1, 2), torch.ones(()))
    alone = replace(demo_model, network=cosine, probabilities="none")
    assert read_as(alone, "sigmoid").probabilities == "sigmoid"
