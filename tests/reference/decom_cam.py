"""DecomCAM one image at a time, with scikit-learn's PCA and SciPy's Gaussian filter.

Slow and obvious: the network runs as its user wrote it, with hooks, and nothing is shared with
camcli. The one thing that the authors leave open, a component's sign, follows camcli's rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter
from sklearn.decomposition import PCA
from torch import Tensor, nn


@dataclass(frozen=True)
class Settings:
    channels: int
    baseline: bool
    threshold: float
    in_rgb: bool
    components: int = 10
    sigma: float = 10.0


RELEASED = Settings(channels=500, baseline=False, threshold=0.001, in_rgb=False)
PAPER = Settings(channels=100, baseline=True, threshold=0.0, in_rgb=True)


@dataclass(frozen=True)
class Explanation:
    map: np.ndarray  # (H, W), raw
    weights: np.ndarray  # (Q,)
    explained_variance: np.ndarray  # (Q,)


def decom_cam(
    network: nn.Module,
    layer: nn.Module,
    image: Tensor,
    target: int,
    colours: tuple[np.ndarray, np.ndarray],
    settings: Settings,
) -> Explanation:
    """Explain one normalised image (3, H, W); `colours` are the mean and deviation it has had."""
    activation, gradient = _activation_and_gradient(network, layer, image, target)
    alpha = gradient.mean((1, 2))
    order = np.argsort(-alpha)[: settings.channels]
    matrix = np.stack([(alpha[k] * activation[k]).ravel() for k in order], axis=1)
    pca = PCA(min(settings.components, *matrix.shape), svd_solver="full")
    projected = pca.fit_transform(matrix.astype(np.float64))
    stretched = [
        _oriented_and_stretched(column, activation.shape[1:], image.shape[1:])
        for column in projected.T
    ]
    scores = _scores(network, image, target, stretched, colours, settings)
    weights = np.where(scores < settings.threshold, 0.0, scores / scores.max())
    total = sum(weight * map_ for weight, map_ in zip(weights, stretched, strict=True))
    return Explanation(np.maximum(total, 0), weights, pca.explained_variance_ratio_)


def _activation_and_gradient(
    network: nn.Module, layer: nn.Module, image: Tensor, target: int
) -> tuple[np.ndarray, np.ndarray]:
    seen: list[Tensor] = []
    hook = layer.register_forward_hook(lambda *call: seen.append(call[-1]))
    try:
        with torch.enable_grad():
            score = network(image[None].requires_grad_())[0, target]
            (gradient,) = torch.autograd.grad(score, seen[0])
    finally:
        hook.remove()
    return seen[0][0].detach().numpy(), gradient[0].numpy()


def _oriented_and_stretched(
    column: np.ndarray, shape: tuple[int, ...], size: tuple[int, ...]
) -> np.ndarray:
    column = column * np.sign(column[np.abs(column).argmax()])
    small = torch.from_numpy(column.reshape(shape).clip(0).astype(np.float32))
    return F.interpolate(small[None, None], tuple(size), mode="bicubic")[0, 0].numpy()


def _scores(
    network: nn.Module,
    image: Tensor,
    target: int,
    maps: list[np.ndarray],
    colours: tuple[np.ndarray, np.ndarray],
    settings: Settings,
) -> np.ndarray:
    mean, deviation = colours
    picture = image.detach().numpy().transpose(1, 2, 0)
    if settings.in_rgb:
        picture = picture * deviation + mean
    blurred = np.stack(
        [gaussian_filter(picture[..., c], settings.sigma) for c in range(3)], axis=-1
    )

    def score(shown: np.ndarray) -> float:
        given = (shown - mean) / deviation if settings.in_rgb else shown
        tensor = torch.from_numpy(np.ascontiguousarray(given.transpose(2, 0, 1), np.float32))
        with torch.no_grad():
            return float(network(tensor[None])[0, target])

    found = []
    for map_ in maps:
        mask = map_ - map_.min()
        if mask.max() > 0:
            mask = mask / mask.max()
        mask = mask[..., None]
        found.append(score(np.maximum(picture * mask, blurred * (1 - mask))))
    return np.array(found) - (score(blurred) if settings.baseline else 0.0)
