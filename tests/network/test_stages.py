"""Which depths are chosen, that each accounts for the whole score, and the pyramid made of them."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from camcli.attribution.objective import Objective
from camcli.config import ModelConfig
from camcli.errors import LayerError
from camcli.methods.lift_pyramid import LiftPyramid
from camcli.methods.probe import Probe
from camcli.models import LoadedModel, load_model
from camcli.network.split import split
from camcli.network.stages import stage_layers
from camcli.network.trace import trace
from camcli.run.cut import split_at

CPU = torch.device("cpu")
CHOSEN = {
    "squeezenet1_1": (
        "features.2", "features.4", "features.7", "features.9", "features.10", "features.11",
        "features",
    ),
    "resnet18": ("maxpool", "layer1", "layer2", "layer3", "layer4.0", "layer4"),
    "vit_b_32": (
        "encoder.layers.encoder_layer_8", "encoder.layers.encoder_layer_9",
        "encoder.layers.encoder_layer_10", "encoder.layers.encoder_layer_11.ln_1",
    ),
    "mobilenet_v3_small": (
        "features.0", "features.1", "features.3", "features.8", "features.9", "features.10",
        "features.11", "features",
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", CHOSEN)
def test_the_ends_of_the_stages_and_the_blocks_of_the_last_are_chosen(name: str) -> None:
    model = load_model(ModelConfig(name=name, weights=None))
    traced = trace(model.network, torch.randn(2, 3, *model.preprocess.crop))
    assert stage_layers(traced, model.default_layer or "") == CHOSEN[name]


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.randn(3, 3, 128, 128, generator=torch.Generator().manual_seed(1))


@pytest.mark.slow
def test_every_depth_accounts_for_the_same_score(
    demo_model: LoadedModel, images: torch.Tensor
) -> None:
    probe = Probe(split_at(demo_model, "auto", CPU, LiftPyramid()), images)
    classes = torch.tensor([0, 4, 9])
    found = probe.contributions_by_depth(Objective.of(classes))
    assert [tuple(depth.maps.shape[1:]) for depth in found] == [
        (24, 64, 64), (48, 32, 32), (96, 16, 16), (112, 16, 16),
    ]  # fmt: skip
    sums = torch.stack([depth.maps.sum((1, 2, 3)) for depth in found])
    torch.testing.assert_close(sums, sums[:1].expand(4, -1), rtol=1e-4, atol=1e-4)
    for depth in found:
        assert depth.completeness_error.max() < 1e-5


@pytest.mark.slow
def test_the_first_depth_is_what_a_cut_there_gives(
    demo_model: LoadedModel, images: torch.Tensor
) -> None:
    classes = torch.tensor([0, 4, 9])
    tapped = Probe(split_at(demo_model, "auto", CPU, LiftPyramid()), images)
    plain = Probe(split_at(demo_model, "stages.0", CPU), images)
    found = tapped.contributions_by_depth(Objective.of(classes))[0].maps
    torch.testing.assert_close(found, plain.contributions(Objective.of(classes)).maps)


@pytest.mark.slow
def test_the_pyramid_is_the_geometric_mean_of_its_depths_over_cells(
    demo_model: LoadedModel, images: torch.Tensor
) -> None:
    network = split_at(demo_model, "auto", CPU, LiftPyramid())
    classes = Probe(network, images).logits.argmax(1)
    found = LiftPyramid().explain(Probe(network, images), Objective.of(classes)).maps
    expected = torch.ones(3, 128, 128, dtype=torch.float64)
    for depth in Probe(network, images).contributions_by_depth(Objective.of(classes)):
        evidence = depth.maps.sum(1, keepdim=True).clamp_min(0)
        level = F.interpolate(evidence, (128, 128), mode="bilinear")[:, 0].double()
        for row in range(3):
            scaled = (level[row] - level[row].min()) / (level[row].max() - level[row].min())
            expected[row] *= scaled.clamp_min(1e-6) ** (1 / 4)
    cells = expected.unflatten(1, (64, 2)).unflatten(3, (64, 2)).mean((2, 4))
    # Near the floor the root magnifies rounding.
    torch.testing.assert_close(found.double(), cells, rtol=1e-2, atol=2e-3)


@pytest.mark.slow
def test_layers_can_be_named(demo_model: LoadedModel) -> None:
    method = LiftPyramid(layers=("stages.0", "stages.3"))
    network = split_at(demo_model, "auto", CPU, method)
    assert (network.layer, [tap.layer for tap in network.taps]) == ("stages.0", ["stages.3"])
    traced = trace(demo_model.network, torch.randn(2, 3, 128, 128))
    with pytest.raises(LayerError, match="does not lie behind"):
        split(traced, "stages.3", ["stages.0"])


@pytest.mark.slow
def test_a_depth_that_is_bypassed_shows_in_the_completeness_error() -> None:
    model = load_model(ModelConfig(name="resnet18", weights=None))
    images = torch.randn(2, 3, 224, 224)
    worst = []
    for second in ("layer3", "layer4.1.conv1"):
        method = LiftPyramid(layers=("maxpool", second))
        probe = Probe(split_at(model, "auto", CPU, method), images)
        errors = method.explain(probe, Objective.of(torch.tensor([0, 1]))).completeness_error
        assert errors is not None
        worst.append(float(errors.max()))
    complete, bypassed = worst
    assert complete < 1e-5
    assert bypassed > 1e-3
