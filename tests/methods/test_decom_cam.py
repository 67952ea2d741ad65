"""DecomCAM against a slow reference, and its claims."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.config import ModelConfig, load_config
from camcli.demo.network import MEAN, STD
from camcli.errors import MethodError
from camcli.methods import create_method
from camcli.methods.decom_cam import DecomCam
from camcli.methods.lift_cam import LiftCam
from camcli.methods.probe import Probe
from camcli.models import LoadedModel, load_model
from camcli.network.split import SplitNetwork
from camcli.run.cut import split_at
from tests.methods.probes import components_of, demo_probe, probe_of
from tests.reference import decom_cam as reference

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


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
    found = create_method(asked.name, asked.options).explain(probe, Objective.of(classes))
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
    together = method.explain(demo_probe(demo_split, scene_batch), Objective.of(classes))
    for row in (0, 7, 15):
        alone = method.explain(
            demo_probe(demo_split, scene_batch[row : row + 1]), Objective.of(classes[row : row + 1])
        )
        scale = float(together.maps[row].max())
        torch.testing.assert_close(alone.maps[0], together.maps[row], rtol=0, atol=1e-4 * scale)
        torch.testing.assert_close(
            components_of(alone).weights[0],
            components_of(together).weights[row],
            rtol=0,
            atol=1e-3,
        )


@pytest.mark.slow
def test_the_map_is_the_weighted_sum_of_its_components(
    demo_split: SplitNetwork, scene_batch: Tensor
) -> None:
    found = DecomCam().explain(
        demo_probe(demo_split, scene_batch[:3]), Objective.of(torch.tensor([0, 1, 2]))
    )
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
    alpha = probe.gradient(Objective.of(classes)).mean((2, 3))[0]
    assert (alpha < 0).sum() > 20
    rows = alpha.argsort(descending=True)[:7]
    matrix = (alpha[rows, None, None] * probe.activation[0, rows]).flatten(1).T.double()
    values = torch.linalg.svdvals(matrix - matrix.mean(0))
    parts = components_of(DecomCam(channels=7).explain(probe, Objective.of(classes)))
    expected = (values**2 / (values**2).sum()).float()
    torch.testing.assert_close(parts.explained_variance[0], expected, rtol=1e-4, atol=1e-6)
    assert parts.channels == 7


@pytest.mark.slow
def test_lift_weighs_the_channels_by_lift_cam_coefficients(
    demo_split: SplitNetwork, scene_batch: Tensor
) -> None:
    probe = demo_probe(demo_split, scene_batch[:2])
    classes = torch.tensor([1, 2])
    options = {"channel_weights": "lift", "channels": 999, "components": 256, "center": False}
    method = DecomCam(**options)  # type: ignore[arg-type]
    contributions = probe.contributions(Objective.of(classes))
    weighted = contributions.maps.sum((2, 3))[..., None, None] * probe.activation
    energy = weighted.square().sum((1, 2, 3))
    found = method.explain(probe, Objective.of(classes))
    signed = components_of(found)
    assert signed.channels == 112
    torch.testing.assert_close(signed.explained_variance.sum(1), torch.ones(2))
    values = torch.linalg.svdvals(weighted.flatten(2).mT)
    torch.testing.assert_close(
        signed.explained_variance[:, 0], values[:, 0] ** 2 / energy, rtol=1e-4, atol=0
    )
    assert method.uses_deeplift
    torch.testing.assert_close(found.completeness_error, contributions.completeness_error)
    assert found.maps.shape == LiftCam().explain(probe, Objective.of(classes)).maps.shape


def test_the_blur_and_the_composite_matter(demo_split: SplitNetwork, scene_batch: Tensor) -> None:
    probe = demo_probe(demo_split, scene_batch[:2])
    classes = torch.tensor([0, 1])
    plain = DecomCam(threshold=None)
    weights = [
        components_of(method.explain(probe, Objective.of(classes))).weights
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
    expected = method.explain(demo_probe(demo_split, scene_batch), Objective.of(classes))
    network = split_at(load_model(ModelConfig(name="demo")), "auto", torch.device("cpu"))
    moved = replace(network, trunk=network.trunk.to(device), tail=network.tail.to(device))
    black = (-torch.tensor(MEAN) / torch.tensor(STD)).view(3, 1, 1).to(device)
    probe = Probe(moved, scene_batch.to(device), black=black)
    found = method.explain(probe, Objective.of(classes.to(device)))
    scale = float(expected.maps.max())
    torch.testing.assert_close(found.maps.cpu(), expected.maps, rtol=0, atol=1e-2 * scale)
