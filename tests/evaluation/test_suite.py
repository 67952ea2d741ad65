"""Which metrics one map of one image gets."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from camcli.evaluation.ground_truth.truth import ObjectMasks
from camcli.evaluation.metrics.complexity import COMPLEXITY, ComplexityInput
from camcli.evaluation.scorer import PerturbationScorer
from camcli.evaluation.suite import MetricSuite
from camcli.methods.base import Saliency

SIZE = (16, 20)


@pytest.fixture
def masks() -> ObjectMasks:
    left = torch.zeros(SIZE, dtype=torch.bool)
    left[:, :10] = True
    return ObjectMasks(left, ~left)


def suite(network: nn.Module, image: Tensor, masks: ObjectMasks | None = None) -> MetricSuite:
    scorer = PerturbationScorer(network, steps=4)
    return MetricSuite(scorer, scorer.baseline_scores(image, 1), masks)


def test_a_new_metric_is_computed_as_soon_as_it_is_declared(
    network: nn.Module, images: Tensor, maps: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(COMPLEXITY, "metrics", COMPLEXITY.metrics)  # put back afterwards

    @COMPLEXITY.metric("mean", "mean", better="neither", bounds=(0, 1), source="here")
    def brightness(given: ComplexityInput) -> Tensor:
        return given.maps.mean((1, 2))

    found = suite(network, images[0]).measure(Saliency(maps), 2)
    values = maps[2].flatten().tolist()
    assert found.values["mean"] == pytest.approx(sum(values) / len(values))
    assert brightness.family == "complexity"


def test_localisation_needs_masks(
    network: nn.Module, images: Tensor, maps: Tensor, masks: ObjectMasks
) -> None:
    with_masks = suite(network, images[0], masks).measure(Saliency(maps), 0)
    without = suite(network, images[0]).measure(Saliency(maps), 0)
    assert set(with_masks.values) - set(without.values) == {
        "energy",
        "pointing",
        "energy_on_others",
    }
    assert with_masks.values["energy"] + with_masks.values["energy_on_others"] == pytest.approx(1)
    assert without.values.items() <= with_masks.values.items()


def test_the_curves_have_a_point_for_each_step_and_both_ends(
    network: nn.Module, images: Tensor, maps: Tensor
) -> None:
    found = suite(network, images[0]).measure(Saliency(maps), 0)
    assert (len(found.insertion), len(found.deletion)) == (5, 5)
    assert found.insertion[-1] == found.deletion[0]


@pytest.mark.parametrize(
    ("saliency", "reason"),
    [
        (Saliency(torch.ones(1, 4, 5)), "the same value everywhere"),
        (Saliency(torch.full((1, 4, 5), torch.nan)), "not finite"),
        (Saliency(torch.rand(1, 4, 5), degenerate=("no components",)), "no components"),
    ],
)
def test_a_degenerate_map_has_a_reason_and_no_figures(
    saliency: Saliency, reason: str, network: nn.Module, images: Tensor
) -> None:
    found = suite(network, images[0]).measure(saliency, 0)
    assert reason in (found.degenerate or "")
    assert not found.values
    assert not found.insertion
