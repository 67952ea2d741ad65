"""Towers and tokenizers that read a text otherwise never share an embedding of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from camcli.config import ModelConfig
from camcli.models import load_model
from camcli.models.prompt_scores import with_prompts
from camcli.models.prompts import Prompt, PromptPlan
from camcli.models.text_tower import TextTower
from tests.models.dual_encoders import TEXT, small

pytest.importorskip("open_clip")
DOG = Prompt("dog", ("a photo of a dog",))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def tower_of(**kwargs: Any) -> TextTower:
    text = load_model(small("vit", **kwargs)).text
    assert text is not None
    return text


def with_the_same_weights(tower: TextTower, **kwargs: Any) -> TextTower:
    other = tower_of(**kwargs)
    other.model.load_state_dict(tower.model.state_dict())
    return other


@pytest.mark.slow
@pytest.mark.parametrize(
    "kwargs",
    [
        {"quick_gelu": True},
        {"text_cfg": TEXT | {"heads": 4}},
        {"text_cfg": TEXT | {"pool_type": "last"}},
        {"text_cfg": TEXT | {"no_causal_mask": True}},
        {"text_cfg": TEXT | {"norm_kwargs": {"eps": 0.1}}},
    ],
    ids=["activation", "heads", "pooling", "mask", "epsilon"],
)
def test_the_same_weights_in_another_architecture_are_embedded_anew(kwargs: dict[str, Any]) -> None:
    plain = tower_of()
    other = with_the_same_weights(plain, **kwargs)
    first, second = plain.embed([DOG]), other.embed([DOG])
    with torch.no_grad():
        tokens = other.tokenizer()(list(DOG.texts), context_length=77)
        expected = other.model.encode_text(tokens, normalize=True)
    torch.testing.assert_close(second, expected)
    assert not torch.allclose(first, second, atol=1e-4)


def shifted(tokenizer: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def read(texts: list[str], context_length: int) -> Tensor:
        tokens = tokenizer(texts, context_length=context_length)
        return torch.where(tokens == tokens.amax(1, keepdim=True), tokens, tokens // 2)

    return read


@pytest.mark.slow
def test_another_tokenizer_of_the_same_weights_embeds_anew() -> None:
    plain = tower_of()
    other = replace(plain, tokenizer=lambda: shifted(plain.tokenizer()))
    first = plain.embed([DOG])
    assert not torch.allclose(first, other.embed([DOG]), atol=1e-4)
    assert torch.equal(first, plain.embed([DOG]))


def test_neither_the_image_tower_nor_the_scale_makes_another_text_tower() -> None:
    plain = tower_of()
    before = plain.identity()
    with torch.no_grad():
        plain.model.logit_scale.add_(1)
        next(plain.model.visual.parameters()).add_(1)
    assert plain.identity() == before
    with torch.no_grad():
        plain.model.ln_final.weight.add_(1)
    assert plain.identity() != before


def digest_with(config: ModelConfig, *texts: str) -> str:
    plan = PromptPlan(tuple(Prompt(t, (t,)) for t in texts), tuple(range(len(texts))))
    return with_prompts(load_model(config), plan, "cosine").digest()


@pytest.mark.slow
def test_a_run_knows_a_dual_encoder_by_both_towers_and_not_by_its_prompts() -> None:
    assert digest_with(small("vit"), "a dog") == digest_with(small("vit"), "a cat")
    other = small("vit", quick_gelu=True)
    assert digest_with(small("vit"), "a dog") != digest_with(other, "a dog")
