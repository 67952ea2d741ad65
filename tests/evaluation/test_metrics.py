"""Every metric against a slow reference and, where there is one, another library's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import torch
from torch import Tensor, nn

from camcli.evaluation.metrics.agreement import (
    cosine_similarity,
    rank_correlation,
    relative_error,
    scaled_error,
)
from camcli.evaluation.metrics.complexity import entropy, gini
from camcli.evaluation.metrics.curves import area_under, baseline_images, most_salient
from camcli.evaluation.metrics.faithfulness import matched_area
from camcli.evaluation.metrics.localisation import energy_inside, peak_inside
from camcli.evaluation.perturbation import PerturbationScorer
from camcli.evaluation.report.bootstrap import bootstrap
from tests.conftest import GlobalAverageHead
from tests.reference import slow_metrics

TARGETS = (1, 3, 0)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    net = GlobalAverageHead().eval()
    with torch.no_grad():
        net.head.weight.mul_(8)
    return net


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.randn(3, 3, 16, 20, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def maps() -> Tensor:
    """Three maps in [0, 1]; the second has ties."""
    found = torch.rand(3, 16, 20, generator=torch.Generator().manual_seed(2))
    found[1] = (found[1] * 4).floor() / 4
    low, high = found.amin((1, 2), keepdim=True), found.amax((1, 2), keepdim=True)
    return (found - low) / (high - low)


@pytest.mark.parametrize("row", range(3))
def test_a_witness_says_what_the_slow_reference_says(
    row: int, network: nn.Module, images: Tensor, maps: Tensor
) -> None:
    scorer = PerturbationScorer(network, steps=5)
    image, saliency, target = images[row], maps[row].numpy(), TARGETS[row]
    found = scorer.score_map(scorer.baseline_scores(image, target), maps[row])
    ranked = slow_metrics.ranks(saliency)
    blurred = baseline_images(image[None], "blur")[0]
    insertion = slow_metrics.curve(network, blurred, image, saliency, target, 5)
    deletion = slow_metrics.curve(network, image, torch.zeros_like(image), saliency, target, 5)
    plain = slow_metrics.confidence(network, image, saliency, target)
    matched = slow_metrics.confidence(network, image, ranked, target)
    expected = {
        **plain,
        **{f"matched_{key}": value for key, value in matched.items()},
        "insertion": slow_metrics.trapezoid(insertion),
        "deletion": slow_metrics.trapezoid(deletion),
    }
    assert found.values == pytest.approx(expected, abs=1e-5)
    assert found.insertion == pytest.approx(insertion, abs=1e-5)
    assert found.deletion == pytest.approx(deletion, abs=1e-5)


def test_drop_and_increase_are_pytorch_grad_cams(
    network: nn.Module, images: Tensor, maps: Tensor
) -> None:
    metrics = pytest.importorskip("pytorch_grad_cam.metrics.cam_mult_image", exc_type=ImportError)
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget

    targets = [ClassifierOutputSoftmaxTarget(target) for target in TARGETS]
    drops = metrics.DropInConfidence()(images, maps.numpy(), targets, network)
    rises = metrics.IncreaseInConfidence()(images, maps.numpy(), targets, network)
    scorer = PerturbationScorer(network)
    for row, target in enumerate(TARGETS):
        baseline_scores = scorer.baseline_scores(images[row], target)
        values = scorer.score_map(baseline_scores, maps[row]).values
        # Theirs is not divided by the confidence.
        assert values["drop"] * baseline_scores.whole == pytest.approx(float(drops[row]), abs=1e-5)
        assert values["increase"] == float(rises[row])


def test_drop_and_increase_are_torch_cams(network: nn.Module, images: Tensor, maps: Tensor) -> None:
    metrics = pytest.importorskip("torchcam.metrics")

    class Extractor:
        model = network

        def __call__(self, *_args: object, **_kwargs: object) -> list[Tensor]:
            return [maps]

        def fuse_cams(self, cams: list[Tensor]) -> Tensor:
            return cams[0]

        def _hooks_off(self) -> object:
            import contextlib

            return contextlib.nullcontext()

    theirs = metrics.ClassificationMetric(Extractor(), lambda logits: logits.softmax(-1))
    theirs.update(images, list(TARGETS))
    scorer = PerturbationScorer(network)
    values = [
        scorer.score_map(scorer.baseline_scores(images[row], target), maps[row]).values
        for row, target in enumerate(TARGETS)
    ]
    expected = theirs.summary()
    assert np.mean([v["drop"] for v in values]) == pytest.approx(expected["avg_drop"], abs=1e-5)
    assert np.mean([v["increase"] for v in values]) == pytest.approx(expected["conf_increase"])


def test_matched_area_leaves_nothing_but_the_ranking(maps: Tensor) -> None:
    found = matched_area(maps)
    for row in range(3):
        np.testing.assert_allclose(found[row], slow_metrics.ranks(maps[row].numpy()), atol=1e-6)
    torch.testing.assert_close(matched_area(maps.sqrt()), found)
    assert found.mean((1, 2)).tolist() == pytest.approx([0.5] * 3)


def test_places_are_reached_most_salient_first(maps: Tensor) -> None:
    reached = most_salient(maps, 4)
    assert reached.sum((2, 3)).tolist() == [[0, 80, 160, 240, 320]] * 3
    inside, outside = maps[0][reached[0, 1]], maps[0][~reached[0, 1]]
    assert inside.min() >= outside.max()
    assert (reached[:, 1:] | ~reached[:, :-1]).all()


def test_area_under_a_straight_line_is_its_middle() -> None:
    assert area_under(torch.tensor([[0.0, 0.5, 1.0], [1.0, 1.0, 1.0]])).tolist() == [0.5, 1.0]


def test_gini_and_entropy(maps: Tensor) -> None:
    for row in range(3):
        saliency = maps[row].numpy()
        assert float(gini(maps)[row]) == pytest.approx(slow_metrics.gini(saliency))
        assert float(entropy(maps)[row]) == pytest.approx(slow_metrics.entropy(saliency))
    one_place = torch.zeros(1, 8, 8)
    one_place[0, 3, 4] = 2.0
    assert float(entropy(one_place)) == pytest.approx(0.0)
    assert float(gini(one_place)) == pytest.approx(1 - 1 / 64)
    assert float(gini(torch.ones(1, 8, 8))) == pytest.approx(0.0)
    assert bool(gini(torch.zeros(1, 8, 8)).isnan())


def test_complexity_and_localisation_are_quantus(maps: Tensor) -> None:
    quantus = pytest.importorskip("quantus")
    masks = maps.roll(3, 2) > 0.6
    channel = maps.numpy()[:, None]
    arguments = {"disable_warnings": True, "normalise": False, "abs": False}
    call = {
        "model": None,
        "x_batch": np.zeros((3, 3, 16, 20), dtype=np.float32),
        "y_batch": np.array(TARGETS),
        "a_batch": channel,
        "channel_first": True,
    }
    sparse = quantus.Sparseness(**arguments)(**call)
    np.testing.assert_allclose(gini(maps), sparse, rtol=1e-4)
    complexity = quantus.Complexity(**arguments)(**call)
    np.testing.assert_allclose(entropy(maps) * np.log(320), complexity, rtol=1e-4)
    segments = {**call, "s_batch": masks.numpy()[:, None]}
    energy = quantus.RelevanceMassAccuracy(**arguments)(**segments)
    np.testing.assert_allclose(energy_inside(maps, masks), energy, rtol=1e-4)
    # Of several equal peaks, as the second map has them, quantus takes another than the first.
    hits = quantus.PointingGame(**arguments)(**segments)
    assert peak_inside(maps, masks).tolist()[::2] == [bool(hit) for hit in hits][::2]


def test_agreement() -> None:
    generator = torch.Generator().manual_seed(5)
    truth = torch.randn(4, 30, generator=generator)
    found = truth + 0.5 * torch.randn(4, 30, generator=generator)
    found[:, :5] = found[:, :1]  # ties
    rho = [scipy.stats.spearmanr(a, b).statistic for a, b in zip(found, truth, strict=True)]
    np.testing.assert_allclose(rank_correlation(found, truth), rho)
    assert relative_error(2 * truth, truth).tolist() == pytest.approx([1.0] * 4)
    assert scaled_error(2 * truth, truth).tolist() == pytest.approx([0.0] * 4, abs=1e-6)
    assert cosine_similarity(-truth, truth).tolist() == pytest.approx([-1.0] * 4)
    for row in range(4):
        scales = np.linspace(0, 2, 20001)[:, None]
        errors = np.linalg.norm(scales * found[row].numpy() - truth[row].numpy(), axis=1)
        best = errors.min() / np.linalg.norm(truth[row])
        assert float(scaled_error(found, truth)[row]) == pytest.approx(best, abs=1e-4)


def test_bootstrap_covers_the_true_mean_about_as_often_as_it_says() -> None:
    generator = torch.Generator().manual_seed(7)
    covered = 0
    for _ in range(200):
        estimate = bootstrap(torch.rand(40, generator=generator))
        covered += estimate.low <= 0.5 <= estimate.high
    assert 175 <= covered <= 199


def test_bootstrap_leaves_out_what_has_no_value() -> None:
    estimate = bootstrap(torch.tensor([1.0, float("nan"), 3.0]))
    assert (estimate.mean, estimate.count) == (2.0, 2)
    nothing = bootstrap(torch.tensor([float("nan")]))
    assert nothing.count == 0
    assert nothing.mean != nothing.mean
