"""The metrics of an evaluation written out one image and one pixel at a time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

Predict = Callable[[Tensor], Tensor]


def probability(predict: Predict, image: Tensor, target: int) -> float:
    with torch.no_grad():
        logits = predict(image[None])[0].double().numpy()
    exponentials = [math.exp(value - logits.max()) for value in logits]
    return exponentials[target] / sum(exponentials)


def ranks(saliency: np.ndarray) -> np.ndarray:
    flat = saliency.ravel()
    order = sorted(range(len(flat)), key=lambda place: (flat[place], place))
    found = np.zeros(len(flat))
    for rank, place in enumerate(order):
        found[place] = rank / (len(flat) - 1)
    return found.reshape(saliency.shape)


def confidence(
    predict: Predict, image: Tensor, saliency: np.ndarray, target: int
) -> dict[str, float]:
    mask = torch.from_numpy(saliency).float()
    whole = probability(predict, image, target)
    seen = probability(predict, image * mask, target)
    unseen = probability(predict, image * (1 - mask), target)
    return {
        "drop": max(0.0, whole - seen) / whole,
        "increase": 1.0 if seen > whole else 0.0,
        "drop_in_deletion": (whole - unseen) / whole,
        "clamped_drop_in_deletion": max(0.0, whole - unseen) / whole,
    }


def curve(
    predict: Predict, start: Tensor, end: Tensor, saliency: np.ndarray, target: int, steps: int
) -> list[float]:
    """Probabilities as the most salient places of `start` become those of `end`."""
    height, width = saliency.shape
    places = [(-saliency[i, j], i * width + j) for i in range(height) for j in range(width)]
    order = [place for _, place in sorted(places)]
    found = []
    for step in range(steps + 1):
        image = start.clone()
        for place in order[: len(order) * step // steps]:
            image[:, place // width, place % width] = end[:, place // width, place % width]
        found.append(probability(predict, image, target))
    return found


def trapezoid(curve_values: list[float]) -> float:
    pairs = itertools.pairwise(curve_values)
    return sum((a + b) / 2 for a, b in pairs) / (len(curve_values) - 1)


def gini(saliency: np.ndarray) -> float:
    """Half the mean absolute difference of two values, as a fraction of their mean."""
    flat = saliency.ravel().astype(np.float64)
    return float(np.abs(flat[:, None] - flat[None]).mean() / (2 * flat.mean()))


def entropy(saliency: np.ndarray) -> float:
    flat = saliency.ravel().astype(np.float64)
    shares = [value / flat.sum() for value in flat if value > 0]
    return -sum(share * math.log(share) for share in shares) / math.log(len(flat))


def energy_inside(saliency: np.ndarray, mask: np.ndarray) -> float:
    inside = total = 0.0
    for place in np.ndindex(saliency.shape):
        total += float(saliency[place])
        inside += float(saliency[place]) if mask[place] else 0.0
    return inside / total


def peak_inside(saliency: np.ndarray, mask: np.ndarray, margin: int = 0) -> bool:
    """Whether any place within `margin` rows and columns of the first peak is in the mask."""
    height, width = saliency.shape
    places = [(i, j) for i in range(height) for j in range(width)]
    i, j = max(places, key=lambda place: (saliency[place], (-place[0], -place[1])))
    near = [(a, b) for a, b in places if abs(a - i) <= margin and abs(b - j) <= margin]
    return any(mask[place] for place in near)


def relative_error(found: np.ndarray, truth: np.ndarray) -> float:
    squares = sum((float(a) - float(b)) ** 2 for a, b in zip(found, truth, strict=True))
    return math.sqrt(squares / sum(float(b) ** 2 for b in truth))


def scaled_error(found: np.ndarray, truth: np.ndarray) -> float:
    """The smallest relative error over a fine grid of factors."""
    return min(relative_error(scale * found, truth) for scale in np.linspace(0, 2, 20001))


def cosine(found: np.ndarray, truth: np.ndarray) -> float:
    product = sum(float(a) * float(b) for a, b in zip(found, truth, strict=True))
    lengths = [math.sqrt(sum(float(a) ** 2 for a in values)) for values in (found, truth)]
    return product / (lengths[0] * lengths[1])


def rank_correlation(found: np.ndarray, truth: np.ndarray) -> float:
    """Pearson's correlation of ranks, each the mean of those that equal values could have."""

    def centred(values: np.ndarray) -> np.ndarray:
        ranks = [(sum(values < v) + sum(values <= v) + 1) / 2 for v in values]
        return np.array(ranks) - np.mean(ranks)

    return cosine(centred(found), centred(truth))
