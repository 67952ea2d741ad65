"""The demo's dual encoder: the meaning of captions, and the trained network."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files

import numpy as np
import pytest
import torch

from benchmarks.studies.prompt_direction import directions, questions, two_object_scenes
from camcli.demo.captions import (
    RELATIONS,
    Caption,
    Mention,
    Thing,
    WordTokenizer,
    draw_caption,
    full_caption,
    things_in,
)
from camcli.demo.scenes import make_scene
from camcli.errors import PromptError

HOUSE = Thing("house", "red", (20.0, 60.0))
FISH = Thing("fish", "orange", (90.0, 30.0))


def said(relation: str, *mentions: tuple[str, str | None]) -> Caption:
    return Caption(tuple(Mention(*mention) for mention in mentions), relation)


def test_captions_read_as_english() -> None:
    assert str(said("left of", ("house", "red"), ("fish", "orange"))) == (
        "a red house left of an orange fish"
    )
    assert str(full_caption([FISH, HOUSE])) == "an orange fish right of a red house"
    assert str(full_caption([HOUSE])) == "a red house"


@pytest.mark.parametrize(
    ("caption", "true"),
    [
        (said("and", ("house", None)), True),
        (said("and", ("house", "blue")), False),
        (said("and", ("fish", None), ("house", "red")), True),
        (said("left of", ("house", None), ("fish", None)), True),
        (said("right of", ("house", None), ("fish", None)), False),
        (said("above", ("fish", "orange"), ("house", None)), True),
        (said("below", ("fish", None), ("house", None)), False),
        (said("and", ("house", None), ("house", None)), False),
        (said("and", ("house", None), ("tree", None)), False),
    ],
)
def test_a_caption_is_true_of_a_scene_or_not(caption: Caption, true: bool) -> None:
    assert caption.is_true_of([HOUSE, FISH]) is true


def test_drawn_captions_are_true_and_use_every_relation() -> None:
    rng = np.random.default_rng(0)
    captions = []
    for seed in range(60):
        things = things_in(make_scene(seed, (64, 64), objects=1 + seed % 3))
        captions.append(draw_caption(things, rng))
        assert captions[-1].is_true_of(things)
        WordTokenizer().encode(str(captions[-1]))
    assert {caption.relation for caption in captions} == set(RELATIONS)


def test_the_openings_of_training_captions_are_known_words() -> None:
    openings = ("a photo of", "a picture of", "a drawing of")
    tokens = [WordTokenizer().encode(opening) for opening in openings]
    assert tokens == [[2, 5, 8], [2, 6, 8], [2, 7, 8]]


def test_tokens_are_words_between_a_start_and_the_highest_token() -> None:
    tokenizer = WordTokenizer()
    tokens = tokenizer(["The RED house.", "a red house"])
    assert torch.equal(tokens[0], tokens[1])
    assert tokens.shape == (2, tokenizer.context_length)
    assert int(tokens[0].argmax()) == 4
    with pytest.raises(PromptError, match="does not know the word 'dog'"):
        tokenizer(["a dog"])


def report() -> dict[str, object]:
    return json.loads((files("camcli.demo") / "weights" / "dual_encoder.json").read_text())


def test_the_report_belongs_to_the_weights() -> None:
    weights = (files("camcli.demo") / "weights" / "dual_encoder.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == report()["sha256"]
    assert len(weights) < 3_000_000


@pytest.mark.slow
def test_retrieval_is_as_good_as_the_report_says() -> None:
    pytest.importorskip("open_clip")
    from camcli.demo.dual_encoder import load_dual_encoder
    from camcli.demo.retrieval import measure_retrieval
    from camcli.demo.train_dual_encoder import draw_scenes

    scenes = draw_scenes(range(1_000_000_000, 1_000_000_100), (2,))
    found = measure_retrieval(load_dual_encoder(), scenes)
    recorded = report()["retrieval"]
    assert found.image_to_text == pytest.approx(recorded["image_to_text"], abs=0.15)
    assert found.text_to_image == pytest.approx(recorded["text_to_image"], abs=0.15)
    assert found.classes == pytest.approx(recorded["classes"], abs=0.1)


@pytest.mark.slow
def test_maps_go_where_the_prompt_says() -> None:
    """By chance, named and other equal those of a constant map, and half go the right way."""
    pytest.importorskip("open_clip")
    asked = questions(two_object_scenes(16), with_colour=False)
    leads = {"lift-cam": 1.8, "decom-cam": 1.4, "grad-cam": 1.2}
    found = directions(asked, tuple(leads))
    for method, lead in leads.items():
        assert found[method].named > lead * found[method].other, method
        assert found[method].named > 2 * found["uniform"].named, method
    assert found["lift-cam"].right_way > 0.75
    assert found["decom-cam"].right_way > 0.6
