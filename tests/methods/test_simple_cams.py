"""Grad-CAM and Eigen-CAM against their formulas, written out image by image."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.methods.eigen_cam import EigenCam
from camcli.methods.grad_cam import GradCam
from camcli.methods.probe import Probe
from camcli.models import LoadedModel
from camcli.network.split import SplitNetwork


def test_grad_cam(
    squeezenet: LoadedModel, squeezenet_split: SplitNetwork, photo_batch: Tensor
) -> None:
    probe = Probe(squeezenet_split, photo_batch[:3])
    classes = torch.tensor([0, 10, 207])
    found = GradCam().explain(probe, Objective.of(classes)).positive
    for image, target, saliency in zip(photo_batch[:3], classes, found, strict=True):
        activation = squeezenet.network.features(image[None]).detach().requires_grad_()
        score = squeezenet.network.classifier(activation).flatten(1)[0, target]
        (gradient,) = torch.autograd.grad(score, activation)
        weighted = gradient.mean((2, 3), keepdim=True) * activation.detach()
        torch.testing.assert_close(saliency, weighted.sum(1)[0].relu(), rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_eigen_cam(squeezenet_split: SplitNetwork, photo_batch: Tensor) -> None:
    probe = Probe(squeezenet_split, photo_batch[:4])
    found = EigenCam().explain(probe, Objective.of(torch.zeros(4, dtype=torch.int64))).maps
    for activation, saliency in zip(probe.activation, found, strict=True):
        matrix = activation.flatten(1).T.double().numpy()
        left, values, _ = np.linalg.svd(matrix, full_matrices=False)
        component = left[:, 0] * values[0]
        component *= np.sign(component[np.abs(component).argmax()])
        expected = torch.from_numpy(component.clip(0).reshape(13, 13)).float()
        scale = float(expected.max())
        torch.testing.assert_close(saliency, expected, rtol=1e-3, atol=1e-4 * scale)


def test_eigen_cam_says_nothing_where_the_activation_is_not_finite(
    squeezenet_split: SplitNetwork, photo_batch: Tensor
) -> None:
    images = photo_batch[:2].clone()
    images[1, 0, 50, 50] = float("nan")
    first = Objective.of(torch.zeros(2, dtype=torch.int64))
    found = EigenCam().explain(Probe(squeezenet_split, images), first).maps
    assert found[0].isfinite().all()
    assert found[1].isnan().any()
