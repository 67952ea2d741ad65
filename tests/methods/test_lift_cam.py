"""LIFT-CAM against Captum, against closed forms, and against Shapley values by enumeration."""

from __future__ import annotations

from itertools import permutations
from math import factorial

import pytest
import torch
from captum.attr import DeepLift as CaptumDeepLift
from torch import Tensor, nn

from camcli.attribution.attribution import attribution_of
from camcli.attribution.contributions import relative_gap
from camcli.attribution.objective import Objective
from camcli.config import ModelConfig
from camcli.methods.deep_lift import DeepLiftMap
from camcli.methods.lift_cam import LiftCam
from camcli.methods.probe import Probe
from camcli.models import LoadedModel, load_model
from camcli.network.split import SplitNetwork, split
from camcli.network.trace import trace
from camcli.run.cut import split_at
from tests.conftest import GlobalAverageHead


def coefficients(probe: Probe, classes: Tensor) -> Tensor:
    return probe.contributions(Objective.of(classes)).maps.sum((2, 3))


@pytest.fixture(scope="module")
def photo_probe(squeezenet_split: SplitNetwork, photo_batch: Tensor) -> Probe:
    return Probe(squeezenet_split, photo_batch, with_reference=True)


@pytest.mark.slow
def test_photographs_agree_with_captum(squeezenet: LoadedModel, photo_probe: Probe) -> None:
    classes = photo_probe.logits.argmax(1)
    tail = nn.Sequential(squeezenet.network.classifier, nn.Flatten())
    activation = photo_probe.activation
    expected = (
        CaptumDeepLift(tail)
        .attribute(activation, torch.zeros_like(activation), target=classes)
        .sum((2, 3))
    )
    found = coefficients(photo_probe, classes)
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


@pytest.mark.slow
def test_photographs_agree_with_squeezenets_closed_form(
    squeezenet: LoadedModel, photo_probe: Probe
) -> None:
    """(1/169) Σ_p w_ck A_kp (relu(z_p) - relu(b_c)) / (z_p - b_c), z_p = w_c · A_p + b_c."""
    classes = photo_probe.logits.argmax(1)
    convolution = squeezenet.network.get_submodule("classifier.1")
    weights = convolution.weight[classes, :, 0, 0].double()
    bias = convolution.bias[classes].double()[:, None]
    places = photo_probe.activation.flatten(2).double()
    scores = torch.einsum("bk,bkp->bp", weights, places) + bias
    multipliers = (scores.relu() - bias.relu()) / (scores - bias)
    expected = weights * torch.einsum("bkp,bp->bk", places, multipliers) / places.shape[2]
    found = coefficients(photo_probe, classes)
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


def test_photographs_add_up(photo_probe: Probe) -> None:
    error = photo_probe.contributions(Objective.of(photo_probe.logits.argmax(1))).completeness_error
    assert error.max() < 1e-4


def test_the_map_is_the_weighted_sum(photo_probe: Probe) -> None:
    classes = photo_probe.logits.argmax(1)
    alpha = coefficients(photo_probe, classes)
    expected = torch.stack(
        [
            sum(a * m for a, m in zip(weights, maps, strict=True))
            for weights, maps in zip(alpha[:3], photo_probe.activation[:3], strict=True)
        ]
    )
    found = LiftCam().explain(photo_probe, Objective.of(classes)).maps[:3]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


@pytest.mark.slow
def test_deep_lift_sums_to_the_score_difference_before_the_relu(photo_probe: Probe) -> None:
    classes = torch.full((len(photo_probe.logits),), 7)
    contributions = photo_probe.contributions(Objective.of(classes)).maps
    reference = photo_probe.network.tail(torch.zeros_like(photo_probe.activation))
    delta = (photo_probe.logits - reference)[:, 7]
    torch.testing.assert_close(contributions.sum((1, 2, 3)), delta, rtol=1e-4, atol=1e-4)
    expected = contributions.sum(1)
    torch.testing.assert_close(
        DeepLiftMap().explain(photo_probe, Objective.of(classes)).maps, expected
    )


def test_average_pooling_and_linear_gives_weight_times_mean(
    average_head: GlobalAverageHead,
) -> None:
    images = torch.randn(5, 3, 32, 32)
    probe = Probe(split(trace(average_head, images[:2]), "features"), images, with_reference=True)
    classes = torch.tensor([0, 1, 2, 3, 0])
    expected = average_head.head.weight[classes] * probe.activation.mean((2, 3))
    torch.testing.assert_close(coefficients(probe, classes), expected.detach())


def test_average_pooling_and_linear_gives_shapley_values(
    average_head: GlobalAverageHead,
) -> None:
    images = torch.randn(2, 3, 32, 32)
    halves = split(trace(average_head, images), "features")
    probe = Probe(halves, images, with_reference=True)
    expected = shapley_values(halves, probe.activation[0], target=1)
    found = coefficients(probe, torch.tensor([1, 1]))[0]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def shapley_values(halves: SplitNetwork, activation: Tensor, target: int) -> Tensor:
    """Average every map's marginal contribution over every order: slow, and the definition."""
    channels = len(activation)
    values = torch.zeros(channels)
    for order in permutations(range(channels)):
        present = torch.zeros_like(activation)
        score = halves.tail(present[None])[0, target]
        for channel in order:
            present[channel] = activation[channel]
            grown = halves.tail(present[None])[0, target]
            values[channel] += (grown - score).detach()
            score = grown
    return values / factorial(channels)


@pytest.mark.slow
def test_a_reused_relu_is_no_obstacle() -> None:
    """ResNet-50 at `layer3`, where Captum raises."""
    model = load_model(ModelConfig(name="resnet50", weights=None))
    halves = split_at(model, "layer3", torch.device("cpu"))
    torch.manual_seed(1)
    probe = Probe(halves, torch.randn(2, 3, 224, 224), with_reference=True)
    contributions = probe.contributions(Objective.of(probe.logits.argmax(1)))
    assert contributions.maps.abs().sum() > 0
    assert contributions.completeness_error.max() < 1e-4


def test_completeness_error_is_relative_to_the_larger_of_change_and_contributions() -> None:
    contributions = torch.tensor([[3.0, -1.0], [0.0, 0.0], [5.0, -5.0]])
    delta = torch.tensor([2.5, 0.0, 1.0])
    expected = torch.tensor([0.5 / 4.0, 0.0, 1.0 / 10.0])
    found = relative_gap(contributions.sum(1), contributions.abs().sum(1), delta)
    torch.testing.assert_close(found, expected)


@pytest.mark.slow
def test_the_reference_runs_once_for_any_number_of_batches(
    demo_model: LoadedModel,
) -> None:
    halves = split_at(demo_model, "auto", torch.device("cpu"))
    for size in (4, 4, 1, 7):
        probe = Probe(halves, torch.randn(size, 3, 128, 128), with_reference=True)
        probe.contributions(Objective.of(torch.zeros(size, dtype=torch.int64)))
    assert attribution_of(halves).tail.deeplift.reference_passes == 1
