"""An image's result depends on the image alone, and a degenerate map has a reason."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from camcli.attribution.objective import Objective
from camcli.config import load_config
from camcli.engine import Engine, Explained
from camcli.images.decode import decode
from camcli.images.find import find_images
from camcli.methods import create_method
from camcli.methods.cut_method import CutMethod
from camcli.methods.normalisation import Normalisation
from camcli.methods.scaling import min_max
from camcli.models import LoadedModel
from camcli.records import Batch, FailedImage, ImageItem, SaliencyMap
from camcli.run.build import build
from camcli.run.cut import split_at
from camcli.targets.class_table import ClassTable
from camcli.targets.plan import TargetPlan
from tests.conftest import GlobalAverageHead


def engine_of(model: LoadedModel, method: str = "lift-cam", targets: str = "top1") -> Engine:
    network = split_at(model, "auto", torch.device("cpu"))
    plan = TargetPlan([targets], ClassTable(network.classes, model.labels))
    methods = (CutMethod(create_method(method, {}), network),)
    return Engine(methods, plan, model.preprocess, torch.device("cpu"))


def items_in(folder: Path, model: LoadedModel) -> list[ImageItem]:
    decoded = [decode(ref, model.preprocess) for ref in find_images([str(folder)])]
    return [item for item in decoded if isinstance(item, ImageItem)]


def explain_in_batches(engine: Engine, items: list[ImageItem], size: int) -> list[SaliencyMap]:
    maps = []
    for start in range(0, len(items), size):
        for result in engine.explain(Batch(tuple(items[start : start + size]))):
            assert isinstance(result, Explained)
            maps.extend(result.maps)
    return maps


@pytest.mark.slow
@pytest.mark.parametrize("method", ["lift-cam", "deep-lift", "grad-cam", "eigen-cam"])
def test_a_result_is_the_same_alone_and_in_a_batch(
    method: str, photos: Path, squeezenet: LoadedModel
) -> None:
    engine = engine_of(squeezenet, method)
    items = items_in(photos, squeezenet)[:32]
    alone = explain_in_batches(engine, items, 1)
    for size in (7, 32):
        together = explain_in_batches(engine, items, size)
        for one, other in zip(alone, together, strict=True):
            assert one.target.index == other.target.index
            assert one.target.score == pytest.approx(other.target.score, rel=1e-5)
            assert one.values is not None
            np.testing.assert_allclose(one.values, other.values, atol=2e-5)


@pytest.mark.slow
def test_maps_are_in_the_unit_range_at_the_inputs_size(
    scenes: Path, demo_model: LoadedModel
) -> None:
    for saliency_map in explain_in_batches(engine_of(demo_model), items_in(scenes, demo_model), 4):
        values = saliency_map.values
        assert values is not None
        assert values.shape == (128, 128)
        assert values.dtype == np.float32
        assert values.min() == 0
        assert values.max() == 1
        assert saliency_map.range is not None
        assert 0 <= saliency_map.range[0] < saliency_map.range[1]


@pytest.mark.slow
def test_raw_values_can_be_recovered_from_the_range(scenes: Path, demo_model: LoadedModel) -> None:
    items = items_in(scenes, demo_model)
    scaled = explain_in_batches(engine_of(demo_model), items, 4)
    engine = engine_of(demo_model)
    (method,) = engine.methods
    engine = replace(
        engine, methods=(replace(method, normalisation=Normalisation("positive", "max")),)
    )
    by_maximum = explain_in_batches(engine, items, 4)
    for one, other in zip(scaled, by_maximum, strict=True):
        assert one.range is not None
        assert one.values is not None
        assert other.values is not None
        low, high = one.range
        np.testing.assert_allclose(low + one.values * (high - low), other.values * high, rtol=1e-4)


@pytest.mark.slow
def test_maps_can_keep_the_layers_size(scenes: Path, demo_model: LoadedModel) -> None:
    engine = replace(engine_of(demo_model), at_layer_size=True)
    (first, *_) = explain_in_batches(engine, items_in(scenes, demo_model), 4)
    assert first.values is not None
    assert first.values.shape == (16, 16)


@pytest.mark.slow
def test_several_targets_come_in_order_of_their_scores(
    scenes: Path, demo_model: LoadedModel
) -> None:
    engine = engine_of(demo_model, targets="top3")
    for result in engine.explain(Batch(tuple(items_in(scenes, demo_model)))):
        assert isinstance(result, Explained)
        found = [saliency_map.target.score for saliency_map in result.maps]
        assert len(found) == 3
        assert found == sorted(found, reverse=True)
        assert sum(m.target.probability for m in result.maps) <= 1 + 1e-6


@pytest.mark.slow
def test_each_target_is_explained_as_if_it_were_the_only_one(
    scenes: Path, demo_model: LoadedModel
) -> None:
    items = items_in(scenes, demo_model)
    only = cache(lambda index: engine_of(demo_model, targets=str(index)))
    for result in engine_of(demo_model, targets="top2").explain(Batch(tuple(items))):
        assert isinstance(result, Explained)
        for saliency_map in result.maps:
            engine = only(saliency_map.target.index)
            (alone,) = explain_in_batches(engine, [saliency_map.item], 1)
            assert (alone.values is None) == (saliency_map.values is None)
            if alone.values is not None:
                np.testing.assert_allclose(alone.values, saliency_map.values, atol=2e-5)


def test_a_map_that_is_zero_everywhere_is_degenerate(
    scenes: Path, demo_model: LoadedModel, average_head: GlobalAverageHead
) -> None:
    torch.nn.init.constant_(average_head.head.weight, -1.0)
    model = replace(demo_model, network=average_head, default_layer="features", labels=None)
    for saliency_map in explain_in_batches(engine_of(model), items_in(scenes, model), 4):
        assert saliency_map.values is None
        assert saliency_map.range is None
        assert saliency_map.degenerate == (
            "the map is zero everywhere: no positive evidence for the class at this layer"
        )


def test_an_activation_that_is_not_finite_is_degenerate(
    scenes: Path, demo_model: LoadedModel
) -> None:
    engine = engine_of(demo_model)
    broken = replace(engine, preprocess=replace(engine.preprocess, std=(1e-45, 1.0, 1.0)))
    for saliency_map in explain_in_batches(broken, items_in(scenes, demo_model), 4):
        assert saliency_map.values is None
        assert "NaN or infinity" in (saliency_map.degenerate or "")


def test_a_score_that_is_not_finite_is_degenerate_whatever_the_map(
    scenes: Path, demo_model: LoadedModel, average_head: GlobalAverageHead
) -> None:
    torch.nn.init.constant_(average_head.head.bias, float("nan"))
    model = replace(demo_model, network=average_head, default_layer="features", labels=None)
    for saliency_map in explain_in_batches(engine_of(model), items_in(scenes, model), 4):
        assert saliency_map.values is None
        assert "network's score of the class is NaN" in (saliency_map.degenerate or "")


def test_an_image_without_a_class_to_explain_fails_alone(
    scenes: Path, demo_model: LoadedModel, tmp_path: Path
) -> None:
    listing = tmp_path / "targets.csv"
    listing.write_text("image,class\n0.png,cat\n1.png,3\n1.png,fish\n")
    engine = engine_of(demo_model, targets=f"@{listing}")
    results = engine.explain(Batch(tuple(items_in(scenes, demo_model))))
    first, second, *others = results
    assert isinstance(first, Explained)
    assert [m.target.name for m in first.maps] == ["cat"]
    assert isinstance(second, Explained)
    assert [m.target.index for m in second.maps] == [3, 4]
    assert all(isinstance(other, FailedImage) and "no class" in other.message for other in others)


@pytest.mark.slow
def test_the_input_is_that_of_torchvisions_transform(photos: Path, squeezenet: LoadedModel) -> None:
    from PIL import Image
    from torchvision.models import SqueezeNet1_1_Weights

    transform = SqueezeNet1_1_Weights.DEFAULT.transforms()
    engine = engine_of(squeezenet)
    items = items_in(photos, squeezenet)[:5]
    expected = torch.stack([transform(Image.open(item.ref.path).convert("RGB")) for item in items])
    torch.testing.assert_close(engine.normalized(items), expected, rtol=0, atol=1e-6)


def test_the_users_network_is_left_as_it_was(demo_model: LoadedModel) -> None:
    network = demo_model.network
    network.train()
    handle = network.register_forward_hook(lambda *_: None)
    network.get_submodule("stages.0").eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    modes = {name: module.training for name, module in network.named_modules()}
    try:
        from camcli.attribution.attribution import attribution_of
        from camcli.network.split import split
        from camcli.network.trace import trace

        halves = split(trace(network, torch.randn(2, 3, 128, 128)), "stages.3")
        activation, *_ = halves.trunk(torch.randn(2, 3, 128, 128))
        activation = activation.detach().requires_grad_()
        attribution_of(halves).tail.deeplift(activation).sum().backward()
        assert modes == {name: module.training for name, module in network.named_modules()}
        assert all(parameter.requires_grad for parameter in network.parameters())
        assert all(parameter.grad is None for parameter in network.parameters())
        assert list(network._forward_hooks) == [handle.id]
        for name, tensor in network.state_dict().items():
            assert torch.equal(tensor, before[name]), name
    finally:
        handle.remove()
        network.eval()


def test_a_wrong_layer_is_refused_before_any_image_is_touched() -> None:
    from camcli.errors import LayerError

    with pytest.raises(LayerError, match=r"no layer 'stages\.9'.*stages\.3"):
        build(load_config(flags={"model.name": "demo", "model.layer": "stages.9"}))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["squeezenet", "efficientnet_lite0"])
def test_what_a_class_has_beyond_the_runner_up_is_exact_on_real_photographs(
    photos: Path, name: str, request: pytest.FixtureRequest
) -> None:
    model: LoadedModel = request.getfixturevalue(name)
    network = split_at(model, "auto", torch.device("cpu"))
    plan = TargetPlan(["top1"], ClassTable(network.classes, model.labels), versus="runner-up")
    method, cpu = create_method("deep-lift", {}), torch.device("cpu")
    engine = Engine((CutMethod(method, network),), plan, model.preprocess, cpu)
    items = items_in(photos, model)[:20]
    (probe,) = engine.probes(items)
    first, second = probe.logits.topk(2).indices.unbind(1)
    own, rival = (probe.contributions(Objective.of(c)).evidence for c in (first, second))
    for item, found, top, raw in zip(
        items, engine.explain(Batch(tuple(items))), probe.logits.topk(2).values, own - rival,
        strict=True,
    ):  # fmt: skip
        assert isinstance(found, Explained), item
        (saliency,) = found.maps
        assert saliency.completeness_error is not None
        assert saliency.completeness_error < 1e-5
        assert saliency.target.margin == pytest.approx(float(top[0] - top[1]), abs=1e-5)
        expected = min_max(engine._stretched(raw.relu()[None, None], "bilinear"))[0, 0]
        np.testing.assert_allclose(saliency.values, expected.cpu().numpy(), atol=1e-3)
