"""DecomCAM against a slow reference, its claims, and the images it has to refuse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from camcli.config import ModelConfig, load_config
from camcli.demo.network import MEAN, STD, normalised
from camcli.demo.scenes import make_scene
from camcli.errors import MethodError
from camcli.methods import create_method
from camcli.methods.base import Saliency, SubMaps
from camcli.methods.decom_cam import DecomCam
from camcli.methods.lift_cam import LiftCam
from camcli.methods.probe import Probe
from camcli.models import LoadedModel, load_model
from camcli.network.split import SplitNetwork, split
from camcli.network.trace import trace
from camcli.run.cut import split_at
from tests.reference import decom_cam as reference

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


@pytest.fixture(scope="module")
def demo_split(demo_model: LoadedModel) -> SplitNetwork:
    return split_at(demo_model, "auto", torch.device("cpu"))


@pytest.fixture(scope="module")
def scene_batch() -> Tensor:
    """Sixteen scenes as the demo network wants them."""
    images = [np.asarray(make_scene(7_300_000 + n, objects=1).image) for n in range(16)]
    return normalised(torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2))


def probe_of(network: SplitNetwork, images: Tensor, mean: tuple, std: tuple) -> Probe:
    black = -torch.tensor(mean) / torch.tensor(std)
    return Probe(network, images, black=black.view(3, 1, 1))


def demo_probe(network: SplitNetwork, images: Tensor) -> Probe:
    return probe_of(network, images, MEAN, STD)


def components_of(saliency: Saliency) -> SubMaps:
    assert saliency.components is not None
    return saliency.components


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "settings"),
    [
        ("decom_cam.yaml", reference.PAPER),
        ("decom_cam_released.yaml", reference.RELEASED),
    ],
)
def test_each_config_agrees_with_its_slow_reference_on_photographs(
    file: str,
    settings: reference.Settings,
    squeezenet: LoadedModel,
    squeezenet_split: SplitNetwork,
    photo_batch: Tensor,
) -> None:
    asked = load_config(CONFIGS / file).method
    images = photo_batch[10:13]
    preprocess = squeezenet.preprocess
    probe = probe_of(squeezenet_split, images, preprocess.mean, preprocess.std)
    classes = probe.logits.argmax(1)
    found = create_method(asked.name, asked.options).explain(probe, classes)
    stretched = F.interpolate(found.maps[:, None], (224, 224), mode="bicubic")[:, 0].clamp_min(0)
    colours = (np.array(preprocess.mean), np.array(preprocess.std))
    network = squeezenet.network
    for row, image in enumerate(images):
        expected = reference.decom_cam(
            network, network.features, image, int(classes[row]), colours, settings
        )
        together = np.corrcoef(stretched[row].numpy().ravel(), expected.map.ravel())[0, 1]
        assert together > 0.9995
        components = components_of(found)
        np.testing.assert_allclose(components.weights[row], expected.weights, atol=2e-3)
        np.testing.assert_allclose(
            components.explained_variance[row], expected.explained_variance, atol=1e-5
        )


@pytest.mark.slow
@pytest.mark.parametrize("integrate", ["masking", "deeplift"])
def test_an_image_alone_gives_what_it_gives_in_a_batch(
    integrate: str, demo_split: SplitNetwork, scene_batch: Tensor
) -> None:
    method = create_method("decom-cam", {"integrate": integrate})
    classes = torch.arange(16) % 10
    together = method.explain(demo_probe(demo_split, scene_batch), classes)
    for row in (0, 7, 15):
        alone = method.explain(
            demo_probe(demo_split, scene_batch[row : row + 1]), classes[row : row + 1]
        )
        scale = float(together.maps[row].max())
        torch.testing.assert_close(alone.maps[0], together.maps[row], rtol=0, atol=1e-4 * scale)
        torch.testing.assert_close(
            components_of(alone).weights[0],
            components_of(together).weights[row],
            rtol=0,
            atol=1e-3,
        )


def test_the_map_is_the_weighted_sum_of_its_components(
    demo_split: SplitNetwork, scene_batch: Tensor
) -> None:
    found = DecomCam().explain(demo_probe(demo_split, scene_batch[:3]), torch.tensor([0, 1, 2]))
    parts = components_of(found)
    total = (parts.weights[..., None, None] * parts.maps).sum(1)
    torch.testing.assert_close(found.maps, total)
    assert (parts.maps >= 0).all()
    assert (parts.weights.amax(1) == 1).all()
    assert parts.maps.shape == (3, 10, 16, 16)


def test_the_chosen_channels_are_those_of_largest_signed_weight(
    demo_split: SplitNetwork, scene_batch: Tensor
) -> None:
    probe = demo_probe(demo_split, scene_batch[:1])
    classes = torch.tensor([3])
    alpha = probe.gradient(classes).mean((2, 3))[0]
    assert (alpha < 0).sum() > 20
    rows = alpha.argsort(descending=True)[:7]
    matrix = (alpha[rows, None, None] * probe.activation[0, rows]).flatten(1).T.double()
    values = torch.linalg.svdvals(matrix - matrix.mean(0))
    parts = components_of(DecomCam(channels=7).explain(probe, classes))
    expected = (values**2 / (values**2).sum()).float()
    torch.testing.assert_close(parts.explained_variance[0], expected, rtol=1e-4, atol=1e-6)
    assert parts.channels == 7


def test_lift_weighs_the_channels_by_lift_cam_coefficients(
    demo_split: SplitNetwork, scene_batch: Tensor
) -> None:
    probe = demo_probe(demo_split, scene_batch[:2])
    classes = torch.tensor([1, 2])
    options = {"channel_weights": "lift", "channels": 999, "components": 256, "center": False}
    method = DecomCam(**options)  # type: ignore[arg-type]
    contributions = probe.contributions(classes)
    weighted = contributions.maps.sum((2, 3))[..., None, None] * probe.activation
    energy = weighted.square().sum((1, 2, 3))
    found = method.explain(probe, classes)
    signed = components_of(found)
    assert signed.channels == 112
    torch.testing.assert_close(signed.explained_variance.sum(1), torch.ones(2))
    values = torch.linalg.svdvals(weighted.flatten(2).mT)
    torch.testing.assert_close(
        signed.explained_variance[:, 0], values[:, 0] ** 2 / energy, rtol=1e-4, atol=0
    )
    assert method.uses_deeplift
    torch.testing.assert_close(found.completeness_error, contributions.completeness_error)
    assert found.maps.shape == LiftCam().explain(probe, classes).maps.shape


def test_deeplift_weights_are_the_scores_of_masked_activations_where_the_tail_is_linear(
    average_head: nn.Module,
) -> None:
    generator = torch.Generator().manual_seed(3)
    images = torch.rand(3, 3, 32, 32, generator=generator)
    network = split(trace(average_head, images[:2]), "features")
    probe = Probe(network, images)
    classes = torch.tensor([0, 1, 3])
    method = DecomCam(components=3, integrate="deeplift", threshold=None, weights="max")
    found = components_of(method.explain(probe, classes))
    activation = probe.activation
    for row, (target, weights) in enumerate(zip(classes, found.weights, strict=True)):
        scores = []
        for part in found.maps[row]:
            mask = (part - part.min()) / (part.max() - part.min())
            tail = torch.cat(
                [
                    mask * activation[row : row + 1],
                    torch.zeros(1, *mask.shape).expand(1, activation.shape[1], *mask.shape),
                ]
            )
            shown, nothing = network.tail(tail)[:, target]
            scores.append(shown - nothing)
        expected = torch.stack(scores)
        if expected.max() > 0:
            torch.testing.assert_close(weights, expected / expected.max(), rtol=1e-4, atol=1e-5)
    assert (found.weights == 1).any()


def test_deeplift_scores_no_masked_image(
    demo_split: SplitNetwork, scene_batch: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Tensor:
        raise AssertionError("a masked forward pass")

    monkeypatch.setattr(Probe, "scores_of_images", refuse)
    classes = torch.tensor([0, 1])
    probe = demo_probe(demo_split, scene_batch[:2])
    DecomCam(integrate="deeplift").explain(probe, classes)
    with pytest.raises(AssertionError, match="masked forward"):
        DecomCam().explain(probe, classes)


SCORES = torch.tensor([[4.0, 1.0, -2.0, 0.5], [-3.0, -1.0, -2.0, -5.0]])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[1, 0.25, 0, 0.125], [0, 0, 0, 0]]),
        ({"threshold": 0.75}, [[1, 0.25, 0, 0], [0, 0, 0, 0]]),
        ({"threshold": None}, [[1, 0.25, -0.5, 0.125], [0, 0, 0, 0]]),
        ({"weights": "min-max"}, [[1, 0.5, 0, 2.5 / 6], [0, 0, 0, 0]]),
        (
            {"weights": "min-max", "threshold": None},
            [[1, 0.5, 0, 2.5 / 6], [0.5, 1, 0.75, 0]],
        ),
    ],
)
def test_integration_weights(options: dict[str, object], expected: list[list[float]]) -> None:
    method = DecomCam(**options)  # type: ignore[arg-type]
    found = method._integration_weights(SCORES, torch.ones(2, 4, dtype=torch.bool))
    torch.testing.assert_close(found, torch.tensor(expected))


def test_softmax_weights_are_the_scores_times_their_softmax() -> None:
    method = DecomCam(weights="softmax", threshold=None)
    found = method._integration_weights(SCORES, torch.ones(2, 4, dtype=torch.bool))
    raw = SCORES.numpy()
    torch.testing.assert_close(
        found.numpy(), raw * np.exp(raw) / np.exp(raw).sum(1, keepdims=True), rtol=1e-5, atol=0
    )


@pytest.mark.parametrize("threshold", [None, 0.0])
@pytest.mark.parametrize("weights", ["max", "min-max", "softmax"])
def test_absent_components_weigh_nothing_and_count_for_nothing(
    weights: str, threshold: float | None
) -> None:
    method = create_method("decom-cam", {"weights": weights, "threshold": threshold})
    assert isinstance(method, DecomCam)
    present = torch.tensor([[True, True, False, False], [False] * 4])
    found = method._integration_weights(torch.tensor([[2.0, 1.0, 9.0, -9.0]] * 2), present)
    alone = method._integration_weights(
        torch.tensor([[2.0, 1.0]]), torch.ones(1, 2, dtype=torch.bool)
    )
    torch.testing.assert_close(found[:1, :2], alone)
    assert not found[0, 2:].any()
    assert not found[1].any()


class Pooled(nn.Module):
    """A layer whose activation is the image itself, coarsely; a head that is not linear."""

    def __init__(self, cell: int, channels: int = 3) -> None:
        super().__init__()
        self.stage = nn.Sequential(nn.AvgPool2d(cell), nn.Conv2d(3, channels, 1))
        self.head = nn.Linear(channels, 2)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.stage(images).square().mean((2, 3)))
        return logits


def pooled_probe(images: Tensor, cell: int = 8, channels: int = 3) -> Probe:
    torch.manual_seed(1)
    network = Pooled(cell, channels).eval()
    return Probe(split(trace(network, torch.rand(2, *images.shape[1:])), "stage"), images)


def test_what_cannot_be_decomposed_is_degenerate_and_leaves_the_others_alone() -> None:
    images = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    spoiled = images.clone()
    spoiled[1] = 0.3
    spoiled[2, 0, 5, 5] = torch.nan
    classes = torch.zeros(4, dtype=torch.int64)
    method = DecomCam(threshold=None, weights="min-max")
    found = method.explain(pooled_probe(spoiled), classes)
    assert found.degenerate is not None
    first, constant, broken, last = found.degenerate
    assert first is None
    assert last is None
    assert "constant" in (constant or "")
    assert "NaN" in (broken or "")
    whole = method.explain(pooled_probe(images), classes)
    torch.testing.assert_close(found.maps[[0, 3]], whole.maps[[0, 3]])
    assert found.maps[[0, 3]].isfinite().all()


def test_nothing_above_the_threshold_is_degenerate(
    demo_split: SplitNetwork, scene_batch: Tensor
) -> None:
    probe = demo_probe(demo_split, scene_batch[:2])
    found = DecomCam(threshold=1e6).explain(probe, torch.tensor([0, 1]))
    assert found.degenerate == ["no component has a positive weight of at least 1e+06"] * 2
    assert not components_of(found).weights.any()


def test_a_score_that_is_not_finite_is_degenerate() -> None:
    images = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    probe = pooled_probe(images)
    probe.scores_of_images = (  # type: ignore[method-assign]
        lambda shown, _: torch.full((len(shown),), torch.inf)
    )
    found = DecomCam().explain(probe, torch.tensor([0]))
    assert found.degenerate == ["the score of a component is NaN or infinity"]


def test_fewer_channels_than_asked_for_are_all_taken() -> None:
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    found = DecomCam(threshold=None, weights="min-max").explain(
        pooled_probe(images), torch.tensor([0, 1])
    )
    assert components_of(found).channels == 3
    assert components_of(found).maps.shape == (2, 3, 4, 4)
    assert found.degenerate == [None, None]


def test_components_that_an_image_does_not_have_are_zero() -> None:
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    images[0] = images[0, :, :1]  # the same in every row: at 2x2, centred, one component
    found = components_of(
        DecomCam(threshold=None, weights="min-max").explain(
            pooled_probe(images, cell=16, channels=8), torch.tensor([0, 0])
        )
    )
    assert found.maps.shape == (2, 4, 2, 2)
    assert (found.explained_variance[0] > 0).tolist() == [True, False, False, False]
    assert (found.explained_variance[1] > 0).tolist() == [True, True, True, False]
    assert not found.maps[0, 1:].any()
    assert not found.weights[0, 1:].any()


def test_the_blur_and_the_composite_matter(demo_split: SplitNetwork, scene_batch: Tensor) -> None:
    probe = demo_probe(demo_split, scene_batch[:2])
    classes = torch.tensor([0, 1])
    plain = DecomCam(threshold=None)
    weights = [
        components_of(method.explain(probe, classes)).weights
        for method in (
            plain,
            replace(plain, blur_sigma=1.0),
            replace(plain, composite="normalised"),
            replace(plain, baseline=False),
        )
    ]
    for other in weights[1:]:
        assert (other - weights[0]).abs().max() > 0.01


def test_every_wrong_option_is_named() -> None:
    options = {"channels": 0, "weights": "mean", "blur_sigma": 0, "thresh": 1, "composite": "hsv"}
    with pytest.raises(MethodError) as caught:
        create_method("decom-cam", options)
    for name in options:
        assert f"\n  {name}: " in str(caught.value)
    assert "did you mean 'threshold'?" in str(caught.value)


@pytest.mark.gpu
@pytest.mark.parametrize("integrate", ["masking", "deeplift"])
def test_a_gpu_gives_what_the_cpu_gives(
    integrate: str, demo_split: SplitNetwork, scene_batch: Tensor
) -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    device = torch.device("cuda")
    method = create_method("decom-cam", {"integrate": integrate})
    classes = torch.arange(16) % 10
    expected = method.explain(demo_probe(demo_split, scene_batch), classes)
    network = split_at(load_model(ModelConfig(name="demo")), "auto", torch.device("cpu"))
    moved = replace(network, trunk=network.trunk.to(device), tail=network.tail.to(device))
    black = (-torch.tensor(MEAN) / torch.tensor(STD)).view(3, 1, 1).to(device)
    probe = Probe(moved, scene_batch.to(device), black=black)
    found = method.explain(probe, classes.to(device))
    scale = float(expected.maps.max())
    torch.testing.assert_close(found.maps.cpu(), expected.maps, rtol=0, atol=1e-2 * scale)
