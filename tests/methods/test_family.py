"""The family of methods against pytorch-grad-cam, Captum and their own formulas."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from camcli.attribution.objective import Objective
from camcli.errors import MethodError
from camcli.methods import METHOD_NAMES, create_method
from camcli.methods.lime_cam import LimeCam, proximity
from camcli.methods.probe import Probe
from camcli.methods.shap_cam import ShapCam, marginal_contributions
from camcli.network.split import SplitNetwork, split
from camcli.network.trace import trace

pytorch_grad_cam = pytest.importorskip("pytorch_grad_cam", exc_type=ImportError)

CLASSES = torch.tensor([3, 0, 2])


class Net(nn.Module):
    """Keeps the image's resolution, so that no two libraries' upsampling can differ."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.Conv2d(5, 6, 3, padding=1), nn.ReLU()
        )
        self.head = nn.Sequential(
            nn.Conv2d(6, 7, 3, stride=2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten()
        )
        self.classifier = nn.Linear(7 * 3 * 3, 4)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.head(self.features(images)))
        return logits


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(3)
    net = Net().eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(2.0)
        net.classifier.weight.mul_(300.0)  # drowns the constant that pytorch-grad-cam adds to g²
    return net


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(2))


@pytest.fixture(scope="module")
def halves(network: nn.Module, images: Tensor) -> SplitNetwork:
    return split(trace(network, images), "features")


@pytest.fixture
def probe(halves: SplitNetwork, images: Tensor) -> Probe:
    return Probe(halves, images)


def minmax(maps: np.ndarray | Tensor) -> Tensor:
    maps = torch.as_tensor(np.asarray(maps)).double()
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low)


def their_maps(
    name: str, network: nn.Module, images: Tensor, classes: Tensor = CLASSES
) -> np.ndarray:
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    cam = getattr(pytorch_grad_cam, name)(model=network, target_layers=[network.features])
    cam.batch_size = 6
    targets = [ClassifierOutputTarget(int(index)) for index in classes]
    return cam(input_tensor=images, targets=targets)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("grad-cam", "GradCAM"),
        ("grad-cam++", "GradCAMPlusPlus"),
        ("xgrad-cam", "XGradCAM"),
        ("layer-cam", "LayerCAM"),
        ("hires-cam", "HiResCAM"),
        ("score-cam", "ScoreCAM"),
    ],
)
def test_maps_are_those_of_pytorch_grad_cam(
    name: str, theirs: str, network: nn.Module, images: Tensor, probe: Probe
) -> None:
    found = create_method(name, {}).explain(probe, Objective.of(CLASSES)).positive
    expected = their_maps(theirs, network, images)
    assert found.flatten(1).amax(1).min() > 0
    torch.testing.assert_close(minmax(found), minmax(expected), rtol=1e-4, atol=1e-4)


def test_ablation_cam_is_that_of_pytorch_grad_cam_where_the_score_is_positive(
    network: nn.Module, images: Tensor, probe: Probe
) -> None:
    best, classes = probe.logits.max(1)
    assert best.min() > 0
    found = create_method("ablation-cam", {}).explain(probe, Objective.of(classes)).positive
    expected = their_maps("AblationCAM", network, images, classes)
    assert found.flatten(1).amax(1).min() > 0
    torch.testing.assert_close(minmax(found), minmax(expected), rtol=1e-4, atol=1e-4)


def test_eigen_grad_cam_is_that_of_pytorch_grad_cam_up_to_sign(
    network: nn.Module, images: Tensor, probe: Probe
) -> None:
    found = minmax(
        create_method("eigen-grad-cam", {}).explain(probe, Objective.of(CLASSES)).positive
    )
    from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection

    evidence = (probe.gradient(Objective.of(CLASSES)) * probe.activation).detach().numpy()
    theirs = torch.from_numpy(get_2d_projection(evidence))
    evidence_sum = torch.from_numpy(evidence).sum(1)
    evidence_sum = evidence_sum - evidence_sum.mean((1, 2), keepdim=True)
    sign = torch.sign((theirs * evidence_sum).sum((1, 2), keepdim=True))
    torch.testing.assert_close(found, minmax((theirs * sign).relu()), rtol=1e-3, atol=1e-4)


def test_ablation_cam_takes_away_one_map_at_a_time(network: nn.Module, probe: Probe) -> None:
    found = create_method("ablation-cam", {}).explain(probe, Objective.of(CLASSES)).coefficients
    assert found is not None
    for row, target in enumerate(CLASSES):
        for k in range(6):
            altered = probe.activation[row : row + 1].clone()
            altered[:, k] = 0
            with torch.no_grad():
                without = network.classifier(network.head(altered))[0, target]
            score = probe.logits[row, target]
            torch.testing.assert_close(found[row, k], (score - without) / score.abs())


def test_lrp_cam_is_captums_relevance(network: nn.Module, probe: Probe) -> None:
    from captum.attr import LRP
    from captum.attr._utils.lrp_rules import EpsilonRule

    tail = nn.Sequential(*network.head, network.classifier)
    tail[3].rule = EpsilonRule()
    leaf = probe.activation.detach().clone().requires_grad_()
    expected = LRP(tail).attribute(leaf, target=CLASSES)
    found = create_method("lrp-cam", {}).explain(probe, Objective.of(CLASSES)).coefficients
    torch.testing.assert_close(found, expected.sum((2, 3)).detach(), rtol=1e-4, atol=1e-4)


def exact_shapley(probe: Probe, row: int, target: int) -> Tensor:
    """The mean marginal contribution over all 720 orderings of the six maps."""
    value = {}
    for present in itertools.product([0.0, 1.0], repeat=6):
        maps = probe.activation[row : row + 1] * torch.tensor(present).view(1, 6, 1, 1)
        score = probe.scores_of_maps(
            maps, torch.tensor([row]), Objective.of(torch.tensor([target]))
        )
        value[present] = float(score)
    total = torch.zeros(6, dtype=torch.float64)
    for order in itertools.permutations(range(6)):
        present = [0.0] * 6
        for k in order:
            before = value[tuple(present)]
            present[k] = 1.0
            total[k] += value[tuple(present)] - before
    return total / 720


def test_shap_cam_approaches_the_shapley_values_within_its_own_error(probe: Probe) -> None:
    saliency = ShapCam(pairs=60).explain(probe, Objective.of(CLASSES))
    assert saliency.coefficients is not None
    assert saliency.standard_error is not None
    expected = torch.stack([exact_shapley(probe, row, int(c)) for row, c in enumerate(CLASSES)])
    error = (saliency.coefficients.double() - expected) / saliency.standard_error
    assert saliency.standard_error.max() > 0
    assert error.abs().max() < 4
    assert 0.3 < error.square().mean().sqrt() < 2


def test_shapley_samples_add_up_to_the_score_in_every_ordering(probe: Probe) -> None:
    orders = torch.stack([torch.randperm(6) for _ in range(3)])
    found = marginal_contributions(probe, Objective.of(CLASSES), orders).sum(1)
    nothing = torch.zeros_like(probe.activation)
    difference = probe.logits.gather(1, CLASSES[:, None])[:, 0] - probe.scores_of_maps(
        nothing, torch.arange(3), Objective.of(CLASSES)
    )
    torch.testing.assert_close(found, difference.double(), rtol=1e-5, atol=1e-5)


def test_lime_weighs_samples_as_captum_does(probe: Probe) -> None:
    from captum.attr._core.lime import get_exp_kernel_similarity_function

    presence = (torch.rand(3, 9, 6, generator=torch.Generator().manual_seed(4)) < 0.5).float()
    presence[:, 0] = 0
    presence[:, 1] = 1
    found = proximity(probe.activation, presence)
    similarity = get_exp_kernel_similarity_function("cosine")
    for row, sample in itertools.product(range(3), range(1, 9)):
        whole = probe.activation[row : row + 1]
        part = whole * presence[row, sample].view(1, 6, 1, 1)
        expected = similarity(whole, part, None)
        torch.testing.assert_close(
            found[row, sample], torch.tensor(expected).double(), rtol=1e-5, atol=1e-6
        )
    torch.testing.assert_close(found[:, 0], torch.full((3,), np.exp(-0.5)).double())


def test_lime_cam_recovers_a_score_that_is_linear_in_the_maps(average_head: nn.Module) -> None:
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(5))
    probe = Probe(split(trace(average_head, images), "features"), images)
    classes = torch.tensor([1, 2])
    found = LimeCam(samples=200, penalty=0.0).explain(probe, Objective.of(classes)).coefficients
    expected = average_head.head.weight[classes] * probe.activation.mean((2, 3))
    torch.testing.assert_close(found, expected.detach(), rtol=1e-3, atol=1e-4)


SAMPLING = {"shap-cam": {"pairs": 2}, "lime-cam": {}, "random": {}}


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_an_images_map_does_not_depend_on_its_batch(
    name: str, halves: SplitNetwork, images: Tensor
) -> None:
    method = create_method(name, SAMPLING.get(name, {}))
    together = method.explain(Probe(halves, images), Objective.of(CLASSES)).maps
    alone = [
        method.explain(Probe(halves, images[i : i + 1]), Objective.of(CLASSES[i : i + 1])).maps
        for i in (2, 0)
    ]
    scale = float(together.abs().max())
    torch.testing.assert_close(together[[2, 0]], torch.cat(alone), rtol=1e-3, atol=1e-4 * scale)


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLING)
def test_another_seed_gives_other_samples(name: str, probe: Probe) -> None:
    first = create_method(name, SAMPLING[name]).explain(probe, Objective.of(CLASSES)).maps
    again = create_method(name, SAMPLING[name]).explain(probe, Objective.of(CLASSES)).maps
    other = (
        create_method(name, SAMPLING[name] | {"seed": 1}).explain(probe, Objective.of(CLASSES)).maps
    )
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)


@pytest.mark.parametrize(
    ("name", "options"),
    [("shap-cam", {"pairs": 1}), ("lime-cam", {"samples": 0}), ("lime-cam", {"penalty": -1})],
)
def test_options_that_make_no_sense_are_refused(name: str, options: dict[str, float]) -> None:
    with pytest.raises(MethodError):
        create_method(name, options)
