"""What each source hands over: network, preprocessing, labels, weights."""

from __future__ import annotations

import builtins
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from camcli.config import ModelConfig, PreprocessConfig
from camcli.errors import CamcliWarning, ModelError
from camcli.methods.probe import Probe
from camcli.models import load_model
from camcli.models.catalogue import catalogue
from camcli.models.checkpoint import read_checkpoint
from camcli.models.labels import read_labels
from camcli.run.cut import split_at
from tests.models.factories import READY, Small

FACTORIES = "tests.models.factories"


def config(name: str, **options: Any) -> ModelConfig:
    return ModelConfig(**{"name": name, "weights": None, **options})


def test_a_factory_gets_its_arguments_and_keeps_its_weights() -> None:
    loaded = load_model(
        ModelConfig(name=f"{FACTORIES}:build", kwargs={"classes": 7}), PreprocessConfig(crop=64)
    )
    torch.manual_seed(3)
    expected = Small(7).state_dict()
    found = loaded.network.state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
    assert not loaded.network.training
    assert (loaded.preprocess.crop, loaded.labels, loaded.default_layer) == ((64, 64), None, None)


def test_a_factory_may_be_a_class_or_a_network() -> None:
    assert isinstance(load_model(config(f"{FACTORIES}:Small")).network, Small)
    assert load_model(ModelConfig(name=f"{FACTORIES}:READY")).network is READY


def test_a_factory_is_found_in_the_folder_one_works_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine_only.py").write_text(
        "from torch import nn\nmake = lambda: nn.Conv2d(3, 4, 1)"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    assert isinstance(load_model(ModelConfig(name="mine_only:make")).network, nn.Conv2d)


def test_a_factory_takes_a_checkpoint_with_wrappers_and_prefixes(tmp_path: Path) -> None:
    torch.manual_seed(9)
    weights = Small(4).state_dict()
    path = tmp_path / "mine.pth"
    prefixed = {f"module._orig_mod.{name}": tensor for name, tensor in weights.items()}
    torch.save({"epoch": 3, "state_dict": prefixed}, path)
    loaded = load_model(
        config(f"{FACTORIES}:build", weights=str(path), kwargs={"classes": 4})
    ).network.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in weights.items())


def test_a_checkpoint_that_was_packed_again_is_read_rightly(tmp_path: Path) -> None:
    weights = {"a": torch.randn(50, 50), "b": torch.arange(9.0)}
    torch.save(weights, tmp_path / "stored.pth")
    with (
        zipfile.ZipFile(tmp_path / "stored.pth") as stored,
        zipfile.ZipFile(tmp_path / "deflated.pth", "w", zipfile.ZIP_DEFLATED) as deflated,
    ):
        for name in stored.namelist():
            deflated.writestr(name, stored.read(name))

    for name in ("stored.pth", "deflated.pth"):
        found = read_checkpoint(tmp_path / name)
        assert all(torch.equal(found[key], weights[key]) for key in weights)


def test_a_checkpoint_that_does_not_fit_is_listed_by_key_and_shape(tmp_path: Path) -> None:
    weights = Small(4).state_dict()
    weights["spare.weight"] = weights.pop("body.bias")
    path = tmp_path / "mine.pth"
    torch.save(weights, path)
    with pytest.raises(ModelError) as caught:
        load_model(config(f"{FACTORIES}:build", weights=str(path)))
    message = str(caught.value)
    assert "missing: body.bias" in message
    assert "not in the network: spare.weight" in message
    assert "head.weight: (4, 8) instead of (10, 8)" in message


def test_torchvision_takes_the_number_of_classes_from_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "five.pth"
    loaded = load_model(config("shufflenet_v2_x0_5", kwargs={"num_classes": 5}))
    torch.save({"model": loaded.network.state_dict()}, path)
    again = load_model(config("shufflenet_v2_x0_5", weights=str(path)))
    assert again.network.fc.out_features == 5
    assert again.labels is None


@pytest.mark.parametrize(
    ("name", "kwargs", "crop", "resize"),
    [
        ("vit_b_32", {}, (224, 224), 256),
        ("vit_b_32", {"image_size": 96}, (96, 96), 110),
    ],
)
def test_a_vision_transformer_gets_images_of_its_own_size(
    name: str, kwargs: dict[str, Any], crop: tuple[int, int], resize: int
) -> None:
    loaded = load_model(config(name, kwargs=kwargs))
    assert (loaded.preprocess.crop, loaded.preprocess.resize) == (crop, resize)


def test_random_weights_follow_the_seed() -> None:
    first, again, other = (
        load_model(config("shufflenet_v2_x0_5"), seed=seed).digest() for seed in (1, 1, 2)
    )
    assert first == again != other


def test_the_demo_takes_no_arguments() -> None:
    with pytest.raises(ModelError, match="takes no model"):
        load_model(ModelConfig(name="demo", kwargs={"depth": 3}))


def test_weights_are_not_chosen_by_the_way() -> None:
    asked = ModelConfig(name="squeezenet1_1", kwargs={"weights": None})

    with pytest.raises(ModelError, match=r"with model\.weights or --checkpoint"):
        load_model(asked)


class TestTimm:
    def test_preprocessing_and_names_come_from_its_data_config(self) -> None:
        pytest.importorskip("timm")
        loaded = load_model(config("timm:resnet10t"))
        preprocess = loaded.preprocess
        assert (preprocess.resize, preprocess.crop) == (201, (176, 176))
        assert preprocess.interpolation == "bicubic"
        assert preprocess.mean == (0.485, 0.456, 0.406)
        assert loaded.labels is not None
        assert (loaded.labels[0], loaded.labels[999]) == ("tench", "toilet tissue")

    def test_a_squashed_model_is_squashed(self) -> None:
        pytest.importorskip("timm")
        loaded = load_model(config("timm:vit_tiny_patch16_224", kwargs={"num_classes": 3}))
        assert loaded.preprocess.crop == (224, 224)
        assert loaded.preprocess.mean == (0.5, 0.5, 0.5)

    @pytest.mark.parametrize(
        ("name", "layer"),
        [
            ("timm:resnet10t", "layer4"),
            ("timm:test_vit", "blocks.5.norm1"),
            ("timm:test_vit2", "blocks"),
            ("timm:test_convnext", "stages"),
        ],
    )
    def test_a_layer_is_found_and_explained_exactly(self, name: str, layer: str) -> None:
        pytest.importorskip("timm")
        torch.manual_seed(0)
        halves = split_at(load_model(config(name)), "auto", torch.device("cpu"))
        assert halves.layer == layer
        probe = Probe(halves, torch.randn(2, 3, *halves.image_size), with_reference=True)
        error = probe.contributions(probe.logits.argmax(1)).completeness_error
        assert float(error.max()) < 1e-5

    def test_a_checkpoint_brings_its_number_of_classes(self, tmp_path: Path) -> None:
        pytest.importorskip("timm")
        made = load_model(config("timm:test_vit", kwargs={"num_classes": 6})).network
        torch.save({"state_dict": made.state_dict()}, tmp_path / "six.pth")
        loaded = load_model(config("timm:test_vit", weights=str(tmp_path / "six.pth")))
        assert loaded.network.head.out_features == 6
        assert loaded.labels is None

    def test_its_absence_is_answered_with_a_command(self, monkeypatch: pytest.MonkeyPatch) -> None:
        usual = builtins.__import__

        def without_timm(name: str, *rest: Any) -> Any:
            if name.partition(".")[0] == "timm":
                raise ImportError(name)
            return usual(name, *rest)

        monkeypatch.setattr(builtins, "__import__", without_timm)
        with pytest.raises(ModelError, match=r"pip install 'camcli\[timm\]'"):
            load_model(config("timm:resnet10t"))

    def test_a_wrong_name_is_answered_with_near_ones(self) -> None:
        pytest.importorskip("timm")
        with pytest.raises(ModelError, match="did you mean 'resnet10t'"):
            load_model(config("timm:resnet10"))

    def test_an_image_with_a_border_is_warned_of(self) -> None:
        timm = pytest.importorskip("timm")
        from camcli.models.sources import timm as timm_zoo

        network = timm.create_model("test_vit")
        network.pretrained_cfg["crop_mode"] = "border"
        with pytest.warns(CamcliWarning, match="border"):
            timm_zoo._preprocess(network, "timm:test_vit")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.txt", "cat\ndog\nbig bird\n"),
        ("labels.json", json.dumps(["cat", "dog", "big bird"])),
        ("labels.json", json.dumps({"2": "big bird", "0": "cat", "1": "dog"})),
        (
            "labels.json",
            json.dumps({"0": ["a", "cat"], "1": ["b", "dog"], "2": ["c", "big bird"]}),
        ),
        ("labels.csv", "index,name\n1,dog\n0,cat\n2,big bird\n"),
        ("labels.csv", "label,class_index,more\ncat,0,x\ndog,1,y\nbig bird,2,z\n"),
    ],
)
def test_labels_are_read_from_any_usual_file(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert read_labels(tmp_path / name) == ("cat", "dog", "big bird")
    loaded = load_model(
        ModelConfig(name=f"{FACTORIES}:build", labels=str(tmp_path / name), kwargs={"classes": 3})
    )
    assert loaded.labels == ("cat", "dog", "big bird")


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("labels.txt", "", "names no class 0"),
        ("labels.txt", "cat\n\ndog", "names no class 1"),
        ("labels.json", "{", "is not JSON"),
        ("labels.json", '"cat"', "must hold a list of names"),
        ("labels.json", '{"0": "cat", "2": "dog"}', "names no class 1"),
        ("labels.json", '{"cat": 0}', "'cat' is no class index"),
        ("labels.csv", "a,b\n1,2\n", "it has a, b"),
    ],
)
def test_labels_that_cannot_be_used_say_why(
    tmp_path: Path, name: str, content: str, complaint: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ModelError, match=complaint):
        read_labels(tmp_path / name)


def test_the_catalogue_names_every_source() -> None:
    listed = {model.name: model for model in catalogue(None)}
    assert listed["demo"].source == "demo"
    assert listed["resnet50"].weights == ("IMAGENET1K_V1", "IMAGENET1K_V2")
    assert [m.name for m in catalogue("squeeze")] == ["squeezenet1_0", "squeezenet1_1"]
    assert [m.name for m in catalogue("vit_b_*")] == ["vit_b_16", "vit_b_32"]


def test_the_catalogue_knows_timm_and_its_weights() -> None:
    pytest.importorskip("timm")
    (found,) = catalogue("timm:resnet10t")
    assert found.weights == ("c3_in1k",)
