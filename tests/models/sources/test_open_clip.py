"""Dual encoders as networks whose classes are prompts."""

from __future__ import annotations

import builtins
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from camcli.attribution.objective import Objective
from camcli.config import ModelConfig
from camcli.errors import CamcliWarning, ModelError, PromptError
from camcli.methods import METHOD_NAMES, create_method
from camcli.methods.base import Method
from camcli.methods.probe import Probe
from camcli.models import LoadedModel, load_model
from camcli.models.catalogue import catalogue
from camcli.models.prompt_scores import PromptScores, with_prompts
from camcli.models.prompts import Prompt, PromptPlan
from camcli.models.sources.open_clip import _tokenizer
from camcli.run.cut import split_at
from tests.models.dual_encoders import TOWERS, small

pytest.importorskip("open_clip")
CPU = torch.device("cpu")
DOG, CAT = "a photo of a dog", "a photo of a cat"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def plan_of(*texts: str) -> PromptPlan:
    prompts = tuple(Prompt(text, (text,)) for text in texts)
    return PromptPlan(prompts, tuple(range(len(prompts))))


def prompted(tower: str = "resnet", score: Any = "cosine", **kwargs: Any) -> LoadedModel:
    return with_prompts(load_model(small(tower, **kwargs)), plan_of(DOG, CAT), score)


def noise(model: LoadedModel, count: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(count, 3, *model.preprocess.crop, generator=generator)


@pytest.mark.slow
@pytest.mark.parametrize("tower", TOWERS)
def test_the_embedding_through_trunk_and_tail_is_the_encoders_own(tower: str) -> None:
    loaded = load_model(small(tower))
    assert loaded.text is not None
    directions = torch.eye(loaded.text.width)
    embedding = PromptScores(loaded.network, directions, torch.ones(())).eval()
    names = tuple(map(str, range(len(directions))))  # or it would be refused as an embedding
    read = {"network": embedding, "probabilities": "softmax", "labels": names}
    halves = split_at(LoadedModel(**{**vars(loaded), **read}), "auto", CPU)
    images = noise(loaded)
    with torch.no_grad():
        expected = loaded.text.model.encode_image(images, normalize=True)
        torch.testing.assert_close(halves.predict(images), expected, atol=1e-5, rtol=1e-4)


def test_scores_are_those_of_open_clip() -> None:
    import open_clip

    model = prompted()
    assert model.text is not None
    images, clip = noise(model), model.text.model
    tokens = open_clip.get_tokenizer("ViT-B-32")([DOG, CAT])
    with torch.no_grad():
        expected, _ = clip.get_logits(images, tokens)
        torch.testing.assert_close(model.network(images), expected)
        softmax = prompted(score="softmax").network(images)
        torch.testing.assert_close(softmax, expected.softmax(1))
    assert model.labels == (DOG, CAT)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tower", "layer"),
    [
        ("resnet", "visual.layer4"),
        ("vit", "visual.transformer.resblocks.1.ln_1"),
        ("convnext", "visual.trunk.stages"),
        ("attention-pool", "visual.trunk.norm"),
    ],
)
def test_the_default_layer_has_places_whose_contributions_add_up(tower: str, layer: str) -> None:
    model = prompted(tower)
    halves = split_at(model, "auto", CPU)
    assert halves.layer == layer
    assert halves.layout.height * halves.layout.width > 1
    probe = Probe(halves, noise(model), with_reference=True)
    found = probe.contributions(Objective.of(torch.tensor([0, 1, 0])))
    assert float(found.completeness_error.max()) < 1e-4
    assert float(found.maps.abs().amax()) > 0


@pytest.mark.slow
def test_every_method_explains_a_prompt() -> None:
    model, layer = prompted(), "visual.layer1"
    plain, images, classes = split_at(model, layer, CPU), noise(model), torch.tensor([0, 1, 1])
    for name in METHOD_NAMES:
        options = {"shap-cam": {"pairs": 2}, "lime-cam": {"samples": 20}}.get(name, {})
        method = create_method(name, options)
        own_cut = type(method).depths is not Method.depths
        halves = split_at(model, layer, CPU, method) if own_cut else plain
        maps = method.explain(Probe(halves, images), Objective.of(classes)).maps
        assert len(maps) == 3
        assert torch.isfinite(maps).all(), name


@pytest.mark.slow
def test_the_softmax_over_the_prompts_adds_up_too() -> None:
    model = prompted(score="softmax")
    halves = split_at(model, "auto", CPU)
    assert halves.probabilities == "identity"
    probe = Probe(halves, noise(model), with_reference=True)
    found = probe.contributions(Objective.of(torch.zeros(3, dtype=torch.long)))
    assert float(found.completeness_error.max()) < 1e-4
    torch.testing.assert_close(probe.logits.sum(1), torch.ones(3))


def test_a_model_with_a_bias_scores_prompts_independently() -> None:
    model = prompted("attention-pool", init_logit_bias=-10.0)
    assert model.probabilities == "sigmoid"
    assert model.text is not None
    assert float(model.text.bias) == -10.0  # type: ignore[arg-type]
    with torch.no_grad():
        scores = model.network(noise(model))
    assert float((scores + 10).abs().max()) <= float(model.text.scale) + 1e-4


def test_templates_are_averaged_and_scaled_to_length_1_again() -> None:
    text = load_model(small()).text
    assert text is not None
    one, other = text.embed([Prompt(DOG, (DOG,)), Prompt(CAT, (CAT,))])
    (both,) = text.embed([Prompt("pets", (DOG, CAT))])
    torch.testing.assert_close(both, F.normalize((one + other) / 2, dim=0))
    torch.testing.assert_close(both.norm(), torch.ones(()))


def counted(text: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    encode, calls = text.model.encode_text, []

    def counting(tokens: torch.Tensor, **options: Any) -> torch.Tensor:
        calls.append(len(tokens))
        return encode(tokens, **options)

    monkeypatch.setattr(text.model, "encode_text", counting)
    return calls


def test_a_text_is_embedded_once_for_all_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    text = load_model(small()).text
    assert text is not None
    calls = counted(text, monkeypatch)
    first = text.embed([Prompt(DOG, (DOG,)), Prompt("pets", (DOG, CAT))])
    again = text.embed([Prompt("pets", (DOG, CAT)), Prompt(DOG, (DOG,))])
    assert calls == [2]
    assert torch.equal(first, again.flip(0))


def test_other_weights_have_other_embeddings() -> None:
    found = [load_model(small(), seed=seed).text for seed in (0, 1)]
    one, other = (text.embed([Prompt(DOG, (DOG,))]) for text in found if text)
    assert not torch.allclose(one, other)


def test_a_damaged_cache_is_computed_anew(own_cache: Path) -> None:
    text = load_model(small()).text
    assert text is not None
    expected = text.embed([Prompt(DOG, (DOG,))])
    (kept,) = own_cache.rglob("*.npy")
    kept.write_bytes(b"\x93NUMPY broken")
    assert torch.equal(text.embed([Prompt(DOG, (DOG,))]), expected)


def test_a_prompt_longer_than_the_context_is_refused() -> None:
    text = load_model(small()).text
    assert text is not None
    fits = " ".join(["dog"] * 75)
    text.embed([Prompt(fits, (fits,))])
    with pytest.raises(PromptError, match="longer than the 77 tokens"):
        text.embed([Prompt("long", (f"{fits} dog",))])


def test_checkpoints_fill_both_towers(tmp_path: Path) -> None:
    weights = load_model(small(), seed=3).text
    assert weights is not None
    save_file(weights.model.state_dict(), tmp_path / "clip.safetensors")
    torch.save({"state_dict": weights.model.state_dict()}, tmp_path / "clip.pt")
    for name in ("clip.safetensors", "clip.pt"):
        config = small().model_copy(update={"weights": str(tmp_path / name)})
        found = load_model(config)
        assert found.text is not None
        expected = weights.model.state_dict()
        assert all(torch.equal(v, expected[k]) for k, v in found.text.model.state_dict().items())


class _Part(nn.Module):
    """A module with whatever attributes it is given, which TorchScript can write."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images


def _archive(weights: dict[str, torch.Tensor]) -> nn.Module:
    """Return a tree of modules that has weights under their names, in half precision."""
    root = _Part()
    for name, tensor in weights.items():
        *above, last = name.split(".")
        part: nn.Module = root
        for step in above:
            if step not in dict(part.named_children()):
                part.add_module(step, _Part())
            part = part.get_submodule(step)
        part.register_parameter(last, nn.Parameter(tensor.half(), requires_grad=False))
    for name in ("input_resolution", "context_length", "vocab_size"):
        root.register_buffer(name, torch.tensor(7))
    return root


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit:")
def test_an_archive_as_openai_wrote_them_fills_both_towers(tmp_path: Path) -> None:
    weights = load_model(small("vit"), seed=3).text
    assert weights is not None
    expected = weights.model.state_dict()
    path = tmp_path / "ViT.pt"
    torch.jit.script(_archive(expected)).save(str(path))
    found = load_model(small("vit").model_copy(update={"weights": str(path)})).text
    assert found is not None
    have = found.model.state_dict()
    assert have.keys() == expected.keys()
    assert all(torch.equal(have[name], tensor.half().float()) for name, tensor in expected.items())


@pytest.mark.slow
def test_averages_and_prefixes_fill_both_towers(tmp_path: Path) -> None:
    weights, average = (load_model(small(), seed=seed).text for seed in (3, 4))
    assert weights is not None
    assert average is not None
    held = {f"module._orig_mod.{k}": v for k, v in average.model.state_dict().items()}
    content = {"state_dict": weights.model.state_dict(), "state_dict_ema": held, "epoch": 3}
    torch.save(content, tmp_path / "clip.pt")
    config = small().model_copy(update={"weights": str(tmp_path / "clip.pt")})
    with pytest.warns(CamcliWarning, match="'state_dict_ema' are used, and not state_dict"):
        found = load_model(config.model_copy(update={"ema": True})).text
    assert found is not None
    have, want = found.model.state_dict(), average.model.state_dict()
    assert all(torch.equal(have[name], want[name]) for name in want)


def tagged(tag: str, **kwargs: Any) -> ModelConfig:
    return ModelConfig(**{**small(**kwargs).model_dump(), "name": f"open_clip:{tag}"})


@pytest.mark.parametrize("checkpoint", [True, False])
def test_a_checkpoint_keeps_the_activation_that_its_tag_was_trained_with(
    checkpoint: bool, tmp_path: Path
) -> None:
    import open_clip

    torch.manual_seed(0)
    reference = open_clip.model.CLIP(**small("vit").kwargs, quick_gelu=True).eval()
    save_file(reference.state_dict(), tmp_path / "clip.safetensors")
    weights = str(tmp_path / "clip.safetensors") if checkpoint else None
    named = tagged("ViT-B-32/openai", tower="vit").model_copy(update={"weights": weights})
    loaded = load_model(named)
    assert loaded.text is not None
    kinds = {type(part).__name__ for part in loaded.text.model.modules()}
    assert "QuickGELU" in kinds
    assert "GELU" not in kinds
    if checkpoint:
        images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
        tokens = open_clip.get_tokenizer("ViT-B-32")([DOG])
        with torch.no_grad():
            torch.testing.assert_close(
                loaded.network(images), reference.encode_image(images), atol=1e-5, rtol=1e-4
            )
            torch.testing.assert_close(
                loaded.text.model.encode_text(tokens), reference.encode_text(tokens)
            )


def test_a_tag_says_how_images_are_prepared_without_its_weights_too() -> None:
    found = load_model(tagged("ViT-B-16-SigLIP/webli", tower="vit")).preprocess
    assert (found.resize, found.crop) == ((64, 64), (64, 64)), "squashed"
    assert (found.mean, found.std) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    own = {"force_preprocess_cfg": {"mean": [0.25] * 3}}
    found = load_model(tagged("ViT-B-16-SigLIP/webli", tower="vit", **own)).preprocess
    assert (found.mean, found.std) == ((0.25, 0.25, 0.25), (0.5, 0.5, 0.5))


def test_what_a_checkpoint_may_have_been_trained_with_is_told_where_no_tag_is_named(
    tmp_path: Path,
) -> None:
    made = load_model(small("vit")).text
    assert made is not None
    save_file(made.model.state_dict(), tmp_path / "clip.safetensors")
    config = small("vit").model_copy(update={"weights": str(tmp_path / "clip.safetensors")})
    with pytest.warns(CamcliWarning, match=r"no tag: quick_gelu as .* open_clip:ViT-B-32/openai"):
        load_model(config)


def refusal(**options: Any) -> str:
    with pytest.raises(ModelError) as caught:
        load_model(ModelConfig(**options))
    return str(caught.value)


def test_mistakes_are_answered_with_choices(tmp_path: Path) -> None:
    assert "'RN50'" in refusal(name="open_clip:RN5O")
    assert "did you mean 'openai'" in refusal(name="open_clip:RN50/opnai")
    assert "names no weights: take open_clip:RN50/openai" in refusal(name="open_clip:RN50")
    absent = tmp_path / "absent.pt"
    found = refusal(name="open_clip:RN50", weights=str(absent))
    assert found == f"there is no checkpoint file {absent}"
    save_file({"nothing": torch.zeros(1)}, tmp_path / "other.safetensors")
    config = small().model_copy(update={"weights": str(tmp_path / "other.safetensors")})
    assert "does not fit" in refusal(**config.model_dump())


def test_weights_out_of_reach_are_answered_with_remedies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import open_clip.factory

    def offline(*_arguments: Any, **_options: Any) -> None:
        raise OSError("no network")

    monkeypatch.setattr(open_clip.factory, "download_pretrained", offline)
    found = refusal(name="open_clip:RN50/openai")
    assert "no network" in found
    assert "--checkpoint" in found


@pytest.mark.parametrize("name", ["open_clip:RN50/openai", "demo-clip"])
def test_without_open_clip_its_extra_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [m for m in sys.modules if m.partition(".")[0] == "open_clip"]:
        monkeypatch.delitem(sys.modules, module)
    real = builtins.__import__

    def without(module: str, *arguments: Any, **options: Any) -> Any:
        if module.partition(".")[0] == "open_clip":
            raise ImportError(module)
        return real(module, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    assert "pip install 'camcli-saliency[clip]'" in refusal(name=name)


def test_preprocessing_is_open_clips() -> None:
    clip = load_model(small("resnet")).preprocess
    assert (clip.resize, clip.crop, clip.interpolation) == (64, (64, 64), "bicubic")
    assert clip.mean == pytest.approx((0.481, 0.458, 0.408), abs=1e-3)
    squashed = small(force_preprocess_cfg={"resize_mode": "squash", "mean": [0.5] * 3})
    found = load_model(squashed).preprocess
    assert (found.resize, found.mean) == ((64, 64), (0.5, 0.5, 0.5))


def test_the_catalogue_lists_architectures_with_their_tags() -> None:
    (found,) = [named for named in catalogue("open_clip:RN50") if named.name == "open_clip:RN50"]
    assert "openai" in found.weights


def test_options_of_the_tokenizer_are_used() -> None:
    plain, canonical = (
        _tokenizer("ViT-B-32", given)()
        for given in ({}, {"tokenizer_kwargs": {"clean": "canonicalize"}})
    )
    assert torch.equal(canonical(["A cat."], context_length=8), plain(["a cat"], context_length=8))
    assert not torch.equal(plain(["A cat."], context_length=8), plain(["a cat"], context_length=8))
