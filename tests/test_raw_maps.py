"""Raw signed maps, against what the network computes with a layer's output replaced by zeros."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from camcli.config import ModelConfig
from camcli.engine import Engine, Explained
from camcli.images.decode import decode
from camcli.images.find import find_images
from camcli.methods import METHOD_NAMES, create_method, method_class
from camcli.methods.cut_method import CutMethod
from camcli.methods.normalisation import Normalisation
from camcli.models import LoadedModel, load_model
from camcli.records import Batch, ImageItem, Preprocess, SaliencyMap
from camcli.run.batches import FixedBatches
from camcli.run.cut import split_at
from camcli.targets.class_table import ClassTable
from camcli.targets.plan import TargetPlan

CPU = torch.device("cpu")
RAW = Normalisation("signed", "none")


class Small(nn.Module):
    """Two convolutions, of which the second is explained, before a tail that is not linear."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.SiLU(), nn.Conv2d(8, 6, 3, 2, 1))
        self.tail = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(6, 7, 3), nn.GELU(), nn.Flatten())
        self.head = nn.Linear(7 * 4, 5)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.tail(self.body(images)))


@pytest.fixture(scope="module")
def small() -> LoadedModel:
    torch.manual_seed(0)
    plain = Preprocess(None, (32, 32), (0.4, 0.5, 0.6), (0.3, 0.2, 0.25))
    return LoadedModel("small", Small().eval(), plain, None, "body", "random")


def engine_of(
    model: LoadedModel, layer: str, target: str = "@top1", versus: str | None = None
) -> Engine:
    network = split_at(model, layer, CPU)
    targets = TargetPlan([target], ClassTable(network.classes, None), versus=versus)
    methods = (CutMethod(create_method("deep-lift", {}), network, RAW),)
    return Engine(methods, targets, model.preprocess, CPU, True)


def items_of(paths: list[Path], model: LoadedModel) -> list[ImageItem]:
    found = [decode(ref, model.preprocess) for ref in find_images([str(path) for path in paths])]
    return [item for item in found if isinstance(item, ImageItem)]


def maps_of(engine: Engine, items: list[ImageItem]) -> list[SaliencyMap]:
    found = engine.explain(Batch(tuple(items)))
    return [each.maps[0] for each in found if isinstance(each, Explained)]


def with_zeros_at(network: nn.Module, layer: str, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the scores of images, and those with the output of a layer replaced by zeros."""
    with torch.no_grad():
        scores = network(images)
        hook = network.get_submodule(layer).register_forward_hook(lambda *at: at[2] * 0)
        empty = network(images)
        hook.remove()
    return scores, empty


def assert_maps_add_up(model: LoadedModel, layer: str, items: list[ImageItem]) -> None:
    engine = engine_of(model, layer)
    scores, empty = with_zeros_at(model.network, layer, engine.normalized(items))
    found = maps_of(engine, items)
    assert len(found) == len(items)
    for row, saliency_map in enumerate(found):
        assert saliency_map.values is not None
        total = float(saliency_map.values.sum(dtype=np.float64))
        index = saliency_map.target.index
        assert index == int(scores[row].argmax())
        assert total == pytest.approx(float(scores[row, index] - empty[row, index]), rel=1e-5)
        assert saliency_map.values.min() < 0 < saliency_map.values.max()


def test_raw_maps_of_deep_lift_add_up_to_the_difference_from_an_empty_layer(
    small: LoadedModel, scenes: Path
) -> None:
    assert_maps_add_up(small, "body", items_of([scenes], small))


@pytest.mark.slow
def test_raw_maps_of_squeezenet_add_up(squeezenet: LoadedModel, photos: Path) -> None:
    items = items_of(sorted(photos.iterdir())[:6], squeezenet)
    assert_maps_add_up(squeezenet, "features.10", items)


@pytest.mark.slow
def test_raw_maps_of_efficientnet_add_up(photos: Path) -> None:
    weights = photos.parent / "checkpoints" / "tf_efficientnet_lite0.safetensors"
    if not weights.is_file():
        pytest.skip("needs the weights in ../shared/data/checkpoints")
    model = load_model(ModelConfig(name="timm:tf_efficientnet_lite0", weights=str(weights)))
    assert_maps_add_up(model, "blocks.5", items_of(sorted(photos.iterdir())[:4], model))


def test_raw_maps_have_the_same_bytes_alone_and_in_any_batch(
    demo_model: LoadedModel, scenes: Path
) -> None:
    items = items_of([scenes], demo_model)
    batches = FixedBatches(engine_of(demo_model, "auto"), 4)

    def values(some: list[ImageItem]) -> list[bytes]:
        found = batches.explain(Batch(tuple(some)))
        maps = [each.maps[0].values for each in found if isinstance(each, Explained)]
        return [each.tobytes() for each in maps if each is not None]

    together = values(items)
    assert len(set(together)) == len(items)
    assert [values([item])[0] for item in items] == together
    assert values(items[::-1])[::-1] == together


def test_raw_maps_of_what_speaks_against_a_class_have_the_other_sign(
    small: LoadedModel, scenes: Path
) -> None:
    items = items_of([scenes], small)
    pairs = zip(
        maps_of(engine_of(small, "body", "2"), items),
        maps_of(engine_of(small, "body", "-2"), items),
        strict=True,
    )
    for own, against in pairs:
        assert own.values is not None
        assert against.values is not None
        assert np.array_equal(against.values, -own.values)


def test_raw_maps_of_a_contrast_are_the_difference_of_two(small: LoadedModel, scenes: Path) -> None:
    items = items_of([scenes], small)
    one, other, both = (
        [each.values for each in maps_of(engine_of(small, "body", target, versus), items)]
        for target, versus in (("2", None), ("4", None), ("2", "4"))
    )
    for a, b, contrast in zip(one, other, both, strict=True):
        assert a is not None
        assert b is not None
        np.testing.assert_allclose(contrast, a - b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", [n for n in METHOD_NAMES if method_class(n).signed])
def test_a_signed_method_shows_against_a_class_what_it_shows_for_its_opposite(
    name: str, small: LoadedModel, scenes: Path
) -> None:
    """What is negative in the map of a class is positive in the map of what speaks against it."""
    item = items_of([scenes], small)[0]
    options = {"pairs": 2} if name == "shap-cam" else {}
    base = engine_of(small, "body", "2")
    method = CutMethod(create_method(name, options), base.network)
    methods = {
        sign: (replace(method, normalisation=replace(RAW, sign=sign)),)
        for sign in ("negative", "positive")
    }
    negative = replace(base, methods=methods["negative"])
    opposite = replace(engine_of(small, "body", "-2"), methods=methods["positive"])
    (shown,), (expected,) = maps_of(negative, [item]), maps_of(opposite, [item])
    assert shown.values is not None
    assert expected.values is not None
    assert shown.values.max() > 0
    np.testing.assert_allclose(shown.values, expected.values, rtol=1e-4, atol=1e-7)
