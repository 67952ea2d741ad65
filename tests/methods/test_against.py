"""Negatives and differences of scores, by every method: as in networks that return them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from camcli.attribution.objective import Objective
from camcli.methods import METHOD_NAMES, create_method, method_class
from camcli.methods.base import Saliency
from camcli.methods.layer_mean import LayerMean
from camcli.methods.lift_cam import LiftCam
from camcli.methods.probe import Probe
from camcli.network.split import SplitNetwork, split
from camcli.network.trace import trace

IMAGES = torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(2))
CLASSES = torch.tensor([3, 0, 2])
OPTIONS: dict[str, dict[str, Any]] = {
    "shap-cam": {"pairs": 2},
    "lift-pyramid": {"layers": ("stem", "features")},
}
USING_CLASSES = [name for name in METHOD_NAMES if method_class(name).uses_class]


PLAIN, NEGATIVE = "plain", "negative"
DIFFERENCE = "difference"  # to the class behind, the last one's to the first
SAME = torch.eye(4)
MATRICES = {PLAIN: SAME, NEGATIVE: -SAME, DIFFERENCE: SAME - SAME[[1, 2, 3, 0]]}


class Net(nn.Module):
    """A stem, features and a head, whose scores may be added up."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.ReLU())
        self.features = nn.Sequential(nn.Conv2d(5, 6, 3, stride=2, padding=1), nn.ReLU())
        self.head = head
        self.returned = PLAIN

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(self.stem(images)))
        return logits if self.returned == PLAIN else F.linear(logits, MATRICES[self.returned])


def general() -> nn.Module:
    return nn.Sequential(nn.Conv2d(6, 7, 3), nn.ReLU(), nn.Flatten(), nn.Linear(7 * 36, 4))


def pooled() -> nn.Module:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4))


def convolutional() -> nn.Module:
    return nn.Sequential(nn.Conv2d(6, 4, 1), nn.SiLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())


@cache
def cut(head: Callable[[], nn.Module], returned: str, *layers: str) -> SplitNetwork:
    torch.manual_seed(3)
    network = Net(head()).eval().requires_grad_(False)
    network.returned = returned
    for parameter in network.head.parameters():
        parameter.mul_(8)  # scores that the lasso does not shrink to nothing
    first, *taps = layers or ("features",)
    return split(trace(network, IMAGES), first, taps)


def against(classes: Tensor) -> Objective:
    return Objective(classes[:, None], -torch.ones(len(classes), 1))


def difference(classes: Tensor) -> Objective:
    columns = torch.stack([classes, (classes + 1) % 4], 1)
    return Objective(columns, torch.tensor([[1.0, -1.0]]).expand(len(classes), 2))


OBJECTIVES = {NEGATIVE: against, DIFFERENCE: difference}


def check_same(found: Saliency, expected: Saliency) -> None:
    assert expected.maps.flatten(1).amax(1).max() > 0
    scale = float(expected.maps.max())
    torch.testing.assert_close(found.maps, expected.maps, rtol=1e-5, atol=1e-6 * scale)
    for one, other in zip(vars(found).values(), vars(expected).values(), strict=True):
        if isinstance(one, Tensor):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("asked", [NEGATIVE, DIFFERENCE])
@pytest.mark.parametrize("head", [general, pooled, convolutional])
@pytest.mark.parametrize("name", USING_CLASSES)
def test_a_sum_of_scores_is_explained_as_in_the_network_that_returns_it(
    name: str, head: Callable[[], nn.Module], asked: str
) -> None:
    method = create_method(name, OPTIONS.get(name, {}))
    layers = OPTIONS.get(name, {}).get("layers", ())
    plain, summed = (
        Probe(cut(head, returned, *layers), IMAGES, method.uses_deeplift)
        for returned in (PLAIN, asked)
    )
    check_same(
        method.explain(plain, OBJECTIVES[asked](CLASSES)),
        method.explain(summed, Objective.of(CLASSES)),
    )


@pytest.mark.parametrize("options", [{"integrate": "deeplift", "channel_weights": "lift"}])
def test_against_a_class_with_weights_from_deeplift(options: dict[str, str]) -> None:
    method = create_method("decom-cam", options)
    plain, negated = (Probe(cut(general, returned), IMAGES, True) for returned in (PLAIN, NEGATIVE))
    check_same(
        method.explain(plain, against(CLASSES)), method.explain(negated, Objective.of(CLASSES))
    )


def test_against_a_class_at_several_layers() -> None:
    found, expected = (
        LayerMean(LiftCam(), (cut(general, returned, "stem"),)).explain(
            Probe(cut(general, returned), IMAGES), objective
        )
        for returned, objective in ((PLAIN, against(CLASSES)), (NEGATIVE, Objective.of(CLASSES)))
    )
    check_same(found, expected)


@pytest.mark.parametrize("head", [general, pooled, convolutional])
def test_contributions_against_a_class_are_the_exact_negatives(
    head: Callable[[], nn.Module],
) -> None:
    probe = Probe(cut(head, PLAIN), IMAGES, True)
    ours, theirs = probe.contributions(Objective.of(CLASSES)), probe.contributions(against(CLASSES))
    assert torch.equal(theirs.maps, -ours.maps)
    assert torch.equal(theirs.completeness_error, ours.completeness_error)
    assert torch.equal(probe.gradient(against(CLASSES)), -probe.gradient(Objective.of(CLASSES)))


@pytest.mark.parametrize("head", [general, pooled, convolutional])
def test_contributions_to_a_difference_are_the_difference_of_contributions(
    head: Callable[[], nn.Module],
) -> None:
    probe = Probe(cut(head, PLAIN), IMAGES, True)
    found = probe.contributions(difference(CLASSES))
    own, others = (probe.contributions(Objective.of(c)) for c in (CLASSES, (CLASSES + 1) % 4))
    torch.testing.assert_close(found.maps, own.maps - others.maps, rtol=1e-5, atol=1e-6)
    assert float(found.completeness_error.max()) < 1e-5


def test_images_of_one_batch_may_be_asked_for_either() -> None:
    probe = Probe(cut(general, PLAIN), IMAGES)
    mixed = replace(Objective.of(CLASSES), factors=torch.tensor([[1.0], [-1.0], [1.0]]))
    found = LiftCam().explain(probe, mixed).maps
    pro, con = (LiftCam().explain(probe, of(CLASSES)).maps for of in (Objective.of, against))
    assert torch.equal(found, torch.stack([pro[0], con[1], pro[2]]))


@pytest.mark.parametrize("name", sorted(set(METHOD_NAMES) - set(USING_CLASSES)))
def test_the_other_methods_make_one_map_whatever_the_class(name: str) -> None:
    probe = Probe(cut(general, PLAIN), IMAGES)
    method = create_method(name, {})
    first = method.explain(probe, Objective.of(CLASSES)).maps
    for objective in (Objective.of(CLASSES.flip(0)), against(CLASSES)):
        assert torch.equal(method.explain(probe, objective).maps, first)
