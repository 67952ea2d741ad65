"""timm's models, with what its data configurations say of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from camcli.attribution.objective import Objective
from camcli.config import ModelConfig
from camcli.errors import CamcliWarning, ModelError
from camcli.methods.probe import Probe
from camcli.models import load_model
from camcli.models.catalogue import catalogue
from camcli.models.sources import timm as timm_source
from camcli.run.cut import split_at

timm = pytest.importorskip("timm")


def config(name: str, **options: Any) -> ModelConfig:
    return ModelConfig(**{"name": name, "weights": None, **options})


def test_preprocessing_and_names_come_from_its_data_config() -> None:
    loaded = load_model(config("timm:resnet10t"))
    preprocess = loaded.preprocess
    assert (preprocess.resize, preprocess.crop) == (201, (176, 176))
    assert preprocess.interpolation == "bicubic"
    assert preprocess.mean == (0.485, 0.456, 0.406)
    assert loaded.labels is not None
    assert (loaded.labels[0], loaded.labels[999]) == ("tench", "toilet tissue")


def test_identifiers_of_classes_come_with_their_names() -> None:
    identifiers = load_model(config("timm:resnet10t")).class_ids
    assert identifiers is not None
    assert (identifiers[134], identifiers[517]) == ("n02012849", "n03126707")  # both are cranes
    assert load_model(config("timm:test_vit", kwargs={"num_classes": 3})).class_ids is None


def test_a_squashed_model_is_squashed() -> None:
    loaded = load_model(config("timm:vit_tiny_patch16_224", kwargs={"num_classes": 3}))
    assert loaded.preprocess.crop == (224, 224)
    assert loaded.preprocess.mean == (0.5, 0.5, 0.5)


@pytest.mark.slow
def test_a_tag_says_how_images_are_prepared_for_a_checkpoint_too(tmp_path: Path) -> None:
    made = timm.create_model("test_vit", num_classes=6)
    torch.save(made.state_dict(), tmp_path / "six.pth")
    known = timm.get_pretrained_cfg("test_vit.r160_in1k")
    assert known is not None
    for weights in (None, str(tmp_path / "six.pth")):
        found = load_model(config("timm:test_vit.r160_in1k", weights=weights)).preprocess
        assert (found.mean, found.std) == (known.mean, known.std)
        assert found.crop == known.input_size[1:]
    with pytest.raises(ModelError, match="nosuch"):
        load_model(config("timm:test_vit.nosuch", weights=str(tmp_path / "six.pth")))


class Tower(torch.nn.Module):
    """What timm says of a network with some weights, without the network."""

    def __init__(self, name: str, classes: int) -> None:
        super().__init__()
        self.num_classes = classes
        self.pretrained_cfg = timm.get_pretrained_cfg(name).to_dict()


@pytest.mark.parametrize(
    ("name", "classes", "outputs"),
    [
        ("vit_base_patch16_clip_224.openai", 512, "512 outputs are an embedding"),
        ("vit_pe_core_tiny_patch16_384.fb", 512, "512 outputs are an embedding"),
        ("vit_base_patch16_clip_224.openai", 10, None),
        ("mvitv2_base_cls.fb_inw21k", 19168, None),
    ],
)
def test_a_tower_that_was_trained_with_texts_has_no_classes(
    name: str, classes: int, outputs: str | None
) -> None:
    """Unless it was given a head; classes that timm has no names for are classes."""
    tower = Tower(name, classes)
    if outputs is None:
        timm_source.require_classes(tower, f"timm:{name}")
        return
    with pytest.raises(ModelError, match=f"{outputs}.*'timm:{name.partition('.')[0]}'"):
        timm_source.require_classes(tower, f"timm:{name}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("timm:resnet10t", "layer4"),
        ("timm:test_vit", "blocks.5.norm1"),
        ("timm:test_vit2", "blocks"),
        ("timm:test_convnext", "stages"),
    ],
)
def test_a_layer_is_found_and_explained_exactly(name: str, layer: str) -> None:
    torch.manual_seed(0)
    halves = split_at(load_model(config(name)), "auto", torch.device("cpu"))
    assert halves.layer == layer
    probe = Probe(halves, torch.randn(2, 3, *halves.image_size), with_reference=True)
    error = probe.contributions(Objective.of(probe.logits.argmax(1))).completeness_error
    assert float(error.max()) < 1e-5


def test_a_checkpoint_brings_its_number_of_classes(tmp_path: Path) -> None:
    made = load_model(config("timm:test_vit", kwargs={"num_classes": 6})).network
    torch.save({"state_dict": made.state_dict()}, tmp_path / "six.pth")
    loaded = load_model(config("timm:test_vit", weights=str(tmp_path / "six.pth")))
    assert loaded.network.head.out_features == 6
    assert loaded.labels is None


def test_a_wrong_name_is_answered_with_near_ones() -> None:
    with pytest.raises(ModelError, match="did you mean 'resnet10t'"):
        load_model(config("timm:resnet10"))


def test_an_image_with_a_border_is_warned_of() -> None:
    network = timm.create_model("test_vit")
    network.pretrained_cfg["crop_mode"] = "border"
    with pytest.warns(CamcliWarning, match="border"):
        timm_source.preprocess_of(network, "timm:test_vit")


def test_the_catalogue_knows_the_tags_of_its_weights() -> None:
    (found,) = catalogue("timm:resnet10t")
    assert found.weights == ("c3_in1k",)


SYNONYMS = {"n01440764": "tench, Tinca tinca", "n01443537": "goldfish", "n01484850": "shark, Jaws"}
"""By identifier, as timm's own repositories have them."""


def saved(folder: Path, name: str, **settings: Any) -> torch.nn.Module:
    """Save a model of three classes in the form of timm's repositories."""
    torch.manual_seed(0)
    network: torch.nn.Module = timm.create_model(name, num_classes=3).eval()
    network.pretrained_cfg |= {"mean": (0.1, 0.2, 0.3), "crop_pct": 0.8}
    timm.models.save_for_hf(network, folder, model_config=settings, safe_serialization=True)
    return network


@pytest.mark.parametrize("name", ["test_vit", "test_convnext", "test_resnet", "test_efficientnet"])
def test_a_folder_has_its_own_weights_names_and_preprocessing(tmp_path: Path, name: str) -> None:
    network = saved(tmp_path, name, label_names=[*SYNONYMS], label_descriptions=SYNONYMS)
    loaded = load_model(config(f"timm:local-dir:{tmp_path}", weights="default"))
    images = torch.randn(2, 3, *loaded.preprocess.crop)
    torch.testing.assert_close(loaded.network(images), network(images))
    assert (loaded.labels, loaded.class_ids) == (("tench", "goldfish", "shark"), (*SYNONYMS,))
    assert (loaded.preprocess.mean, loaded.preprocess.resize) == ((0.1, 0.2, 0.3), 200)


@pytest.mark.parametrize(
    ("settings", "labels"),
    [
        ({"label_names": ["ant", "bee", "cat"]}, ("ant", "bee", "cat")),
        (
            {"label_names": ["a", "b", "c"], "label_descriptions": {"a": "ant, red", "b": "bee"}},
            ("ant, red", "bee", "c"),
        ),
        ({"label_names": ["ant", "bee"]}, None),
        ({}, None),
    ],
)
def test_names_of_other_shapes_are_read_and_those_of_another_head_are_not(
    tmp_path: Path, settings: dict[str, Any], labels: tuple[str, ...] | None
) -> None:
    saved(tmp_path, "test_vit", **settings)
    loaded = load_model(config(f"timm:local-dir:{tmp_path}", weights="default"))
    assert (loaded.labels, loaded.class_ids) == (labels, None)


def test_what_is_not_there_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for name, reason in (
        ("timm:local-dir:./absent", "there is no folder './absent'"),
        ("timm:hf-hub:org/kite", "is not in the cache .* and HF_HUB_OFFLINE is set"),
        ("timm:org/kite", "a repository is timm:hf-hub:ORG/NAME, a folder timm:local-dir:PATH"),
    ):
        with pytest.raises(ModelError, match=reason):
            load_model(config(name))


def test_a_repository_is_taken_at_one_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    network = saved(tmp_path / "models--org--kite" / "snapshots" / commit, "test_vit")
    (tmp_path / "models--org--kite" / "refs").mkdir()
    (tmp_path / "models--org--kite" / "refs" / "main").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    loaded = load_model(config("timm:hf-hub:org/kite", weights="default"))
    images = torch.randn(1, 3, *loaded.preprocess.crop)
    torch.testing.assert_close(loaded.network(images), network(images))


class Exploit:
    def __reduce__(self) -> Any:
        return exec, ("raise SystemExit('run')",)


def test_a_pickle_that_would_run_code_runs_nothing(tmp_path: Path) -> None:
    network = saved(tmp_path, "test_vit")
    (tmp_path / "model.safetensors").unlink()
    torch.save({**network.state_dict(), "extra": Exploit()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError, match="could run code"):
        load_model(config(f"timm:local-dir:{tmp_path}", weights="default"))
