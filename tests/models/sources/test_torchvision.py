"""Torchvision's models, with what their weights say of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision

from camcli.config import ModelConfig, PreprocessConfig
from camcli.errors import CamcliWarning, ModelError
from camcli.models import load_model


def config(name: str, **options: Any) -> ModelConfig:
    return ModelConfig(**{"name": name, "weights": None, **options})


def test_torchvision_takes_the_number_of_classes_from_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "five.pth"
    loaded = load_model(config("shufflenet_v2_x0_5", kwargs={"num_classes": 5}))
    torch.save({"model": loaded.network.state_dict()}, path)
    again = load_model(config("shufflenet_v2_x0_5", weights=str(path)))
    assert again.network.fc.out_features == 5
    assert again.labels is None


@pytest.mark.slow
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


@pytest.mark.slow
def test_random_weights_follow_the_seed() -> None:
    first, again, other = (
        load_model(config("shufflenet_v2_x0_5"), seed=seed).digest() for seed in (1, 1, 2)
    )
    assert first == again != other


def test_weights_are_not_chosen_by_the_way() -> None:
    asked = ModelConfig(name="squeezenet1_1", kwargs={"weights": None})

    with pytest.raises(ModelError, match=r"with model\.weights or --checkpoint"):
        load_model(asked)


@pytest.mark.slow
def test_a_checkpoint_by_the_name_of_published_weights_sees_images_as_they_did(
    tmp_path: Path,
) -> None:
    torch.manual_seed(0)
    weights = load_model(config("mobilenet_v3_large")).network.state_dict()
    enumeration = torchvision.models.MobileNet_V3_Large_Weights
    for known in enumeration:
        path = tmp_path / known.url.rpartition("/")[2]
        torch.save(weights, path)
        found = load_model(config("mobilenet_v3_large", weights=str(path))).preprocess
        assert found.resize == known.transforms().resize_size[0]
    assert len({w.transforms().resize_size[0] for w in enumeration}) == 2


@pytest.mark.slow
def test_a_checkpoint_of_unknown_origin_is_told_how_its_images_are_prepared(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    path = tmp_path / "mine.pth"
    torch.save(load_model(config("mobilenet_v3_large")).network.state_dict(), path)
    mine = config("mobilenet_v3_large", weights=str(path))
    load_model(mine, PreprocessConfig(resize=256))
    assert not [w for w in recwarn if w.category is CamcliWarning]
    with pytest.warns(CamcliWarning, match=r"IMAGENET1K_V2 \(resize 232\), which IMAGENET1K_V1"):
        load_model(mine)
