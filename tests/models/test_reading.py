"""What the user says that a model's scores are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from camcli.errors import ConfigError
from camcli.models import LoadedModel
from camcli.models.reading import read_as


def test_the_users_word_replaces_the_models_and_auto_says_nothing(demo_model: LoadedModel) -> None:
    known = replace(demo_model, probabilities="sigmoid")
    assert read_as(known, "auto").probabilities == "sigmoid"
    assert read_as(known, "softmax").probabilities == "softmax"
    assert read_as(demo_model, "none").probabilities == "none"


def test_a_softmax_over_prompts_takes_no_other_reading(demo_model: LoadedModel) -> None:
    explained_itself = replace(demo_model, probabilities="none")
    with pytest.raises(ConfigError, match=r"does not go with prompts\.score: softmax"):
        read_as(explained_itself, "sigmoid")
