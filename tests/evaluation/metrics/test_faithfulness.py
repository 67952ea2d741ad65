"""Faithfulness against a slow reference and against other libraries."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from camcli.evaluation.metrics.faithfulness import FAITHFULNESS, matched_area
from camcli.evaluation.metrics.perturbation_curves import baseline_images
from camcli.evaluation.scorer import PerturbationScorer
from tests.reference import slow_metrics


@pytest.mark.parametrize("row", range(3))
def test_faithfulness_agrees_with_the_slow_reference(
    row: int, network: nn.Module, images: Tensor, maps: Tensor, classes: tuple[int, ...]
) -> None:
    scorer = PerturbationScorer(network, steps=5)
    image, saliency, target = images[row], maps[row].numpy(), classes[row]
    scores = scorer.score_map(scorer.baseline_scores(image, target), maps[row])
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
    assert FAITHFULNESS.measure(scores) == pytest.approx(expected, abs=1e-5)
    assert scores.insertion[0].tolist() == pytest.approx(insertion, abs=1e-5)
    assert scores.deletion[0].tolist() == pytest.approx(deletion, abs=1e-5)


def test_drop_and_increase_are_pytorch_grad_cams(
    network: nn.Module, images: Tensor, maps: Tensor, classes: tuple[int, ...]
) -> None:
    metrics = pytest.importorskip("pytorch_grad_cam.metrics.cam_mult_image", exc_type=ImportError)
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget

    targets = [ClassifierOutputSoftmaxTarget(target) for target in classes]
    drops = metrics.DropInConfidence()(images, maps.numpy(), targets, network)
    rises = metrics.IncreaseInConfidence()(images, maps.numpy(), targets, network)
    scorer = PerturbationScorer(network)
    for row, target in enumerate(classes):
        baseline_scores = scorer.baseline_scores(images[row], target)
        values = FAITHFULNESS.measure(scorer.score_map(baseline_scores, maps[row]))
        # Theirs is not divided by the confidence.
        assert values["drop"] * baseline_scores.whole == pytest.approx(float(drops[row]), abs=1e-5)
        assert values["increase"] == float(rises[row])


def test_drop_and_increase_are_torch_cams(
    network: nn.Module, images: Tensor, maps: Tensor, classes: tuple[int, ...]
) -> None:
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
    theirs.update(images, list(classes))
    scorer = PerturbationScorer(network)
    values = [
        FAITHFULNESS.measure(
            scorer.score_map(scorer.baseline_scores(images[row], target), maps[row])
        )
        for row, target in enumerate(classes)
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
