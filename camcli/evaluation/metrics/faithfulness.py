"""How the network's confidence changes when an image is masked by a map.

Everywhere m is a map in [0, 1] at the resolution of the network's input x, which is normalised, so
that m ⊙ x fades to the mean colour; Y, O and D are the probabilities of the explained class for x,
m ⊙ x and (1 - m) ⊙ x.

Average drop, increase and drop in deletion reward a map for its mere brightness: the square root of
a map, which ranks every place as before, drops less. Compare maps only at matched area
(`matched_area`), by the metrics whose key begins with `matched`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from camcli.evaluation.metrics.family import Family

_GRAD_CAM_PLUS_PLUS = (
    'Chattopadhay et al., "Grad-CAM++: Generalized Gradient-based Visual Explanations for Deep '
    'Convolutional Networks", WACV 2018, arXiv 1710.11063, section 4.1'
)
_LIFT_CAM = (
    'Jung and Oh, "Towards Better Explanations of Class Activation Mapping", ICCV 2021, '
    "arXiv 2102.05228, section 4.2"
)
_MATCHED = "; matched area is camcli's own"
_CLAMPED = "; the clamp is camcli's own"


@dataclass(frozen=True)
class PerturbationScores:
    """Probabilities of the explained class for B images, each altered according to one map.

    Attributes:
        whole: (B,), Y, of the image itself.
        kept: (B,), O, of m ⊙ x.
        removed: (B,), D, of (1 - m) ⊙ x.
        matched_kept: (B,), O of the map at matched area.
        matched_removed: (B,), D of the map at matched area.
        insertion: (B, S + 1), as the image appears in S steps, most salient places first.
        deletion: (B, S + 1), as the image vanishes in S steps, most salient places first.

    """

    whole: Tensor
    kept: Tensor
    removed: Tensor
    matched_kept: Tensor
    matched_removed: Tensor
    insertion: Tensor
    deletion: Tensor


FAITHFULNESS = Family[PerturbationScores]("faithfulness")
"""Metrics of what the network answers to altered images."""


def kept(images: Tensor, maps: Tensor) -> Tensor:
    """Return m ⊙ x, (B, 3, H, W), of x (B, 3, H, W) and m (B, H, W)."""
    return images * maps[:, None]


def removed(images: Tensor, maps: Tensor) -> Tensor:
    """Return (1 - m) ⊙ x, (B, 3, H, W), of x (B, 3, H, W) and m (B, H, W)."""
    return images * (1 - maps[:, None])


def matched_area(maps: Tensor) -> Tensor:
    """Replace each map by its ranks spread evenly over [0, 1], so that all have the same values.

    The lowest of n places becomes 0, the highest 1 and the mean 1/2, whatever the map; equal values
    rank in row-major order. All that still differs between maps is where their values lie.

    Args:
        maps: (B, H, W).

    Returns:
        float32 (B, H, W).

    """
    flat = maps.flatten(1)
    order = flat.argsort(dim=1, stable=True)
    levels = torch.linspace(0, 1, flat.shape[1], device=maps.device)
    ranked = torch.empty_like(flat, dtype=torch.float32)
    return ranked.scatter_(1, order, levels.expand_as(ranked)).view_as(maps)


@FAITHFULNESS.metric(
    "drop", "AD", better="lower", bounds=(0, 1), source=_GRAD_CAM_PLUS_PLUS, percent=True
)
def average_drop(scores: PerturbationScores) -> Tensor:
    """Return max(0, Y - O) / Y of each image; its mean, in percent, is the average drop, AD."""
    return _clamped_drop(scores.whole, scores.kept)


@FAITHFULNESS.metric(
    "increase", "IC", better="higher", bounds=(0, 1), source=_GRAD_CAM_PLUS_PLUS, percent=True
)
def increase_in_confidence(scores: PerturbationScores) -> Tensor:
    """Return 1 where O > Y, else 0; its mean, in percent, is the increase in confidence, IC."""
    return _increase(scores.whole, scores.kept)


@FAITHFULNESS.metric(
    "drop_in_deletion",
    "ADD",
    better="higher",
    bounds=(-math.inf, 1),
    source=_LIFT_CAM,
    percent=True,
)
def drop_in_deletion(scores: PerturbationScores) -> Tensor:
    """Return (Y - D) / Y of each image; its mean, in percent, is the average drop in deletion, ADD.

    Negative where removing the map's places raises the class's probability.
    """
    return _drop(scores.whole, scores.removed)


@FAITHFULNESS.metric(
    "clamped_drop_in_deletion",
    "ADD, clamped",
    better="higher",
    bounds=(0, 1),
    source=_LIFT_CAM + _CLAMPED,
    percent=True,
)
def clamped_drop_in_deletion(scores: PerturbationScores) -> Tensor:
    """Return max(0, Y - D) / Y: a rise counts as 0, as it does in the average drop."""
    return _clamped_drop(scores.whole, scores.removed)


@FAITHFULNESS.metric(
    "matched_drop",
    "AD, matched",
    better="lower",
    bounds=(0, 1),
    source=_GRAD_CAM_PLUS_PLUS + _MATCHED,
    percent=True,
)
def matched_drop(scores: PerturbationScores) -> Tensor:
    """Return the average drop of the map at matched area."""
    return _clamped_drop(scores.whole, scores.matched_kept)


@FAITHFULNESS.metric(
    "matched_increase",
    "IC, matched",
    better="higher",
    bounds=(0, 1),
    source=_GRAD_CAM_PLUS_PLUS + _MATCHED,
    percent=True,
)
def matched_increase(scores: PerturbationScores) -> Tensor:
    """Return the increase in confidence of the map at matched area."""
    return _increase(scores.whole, scores.matched_kept)


@FAITHFULNESS.metric(
    "matched_drop_in_deletion",
    "ADD, matched",
    better="higher",
    bounds=(-math.inf, 1),
    source=_LIFT_CAM + _MATCHED,
    percent=True,
)
def matched_drop_in_deletion(scores: PerturbationScores) -> Tensor:
    """Return the drop in deletion of the map at matched area."""
    return _drop(scores.whole, scores.matched_removed)


@FAITHFULNESS.metric(
    "matched_clamped_drop_in_deletion",
    "ADD, matched, clamped",
    better="higher",
    bounds=(0, 1),
    source=_LIFT_CAM + _MATCHED + _CLAMPED,
    percent=True,
)
def matched_clamped_drop_in_deletion(scores: PerturbationScores) -> Tensor:
    """Return the clamped drop in deletion of the map at matched area."""
    return _clamped_drop(scores.whole, scores.matched_removed)


def _drop(whole: Tensor, left: Tensor) -> Tensor:
    return (whole - left) / whole


def _clamped_drop(whole: Tensor, left: Tensor) -> Tensor:
    return (whole - left).clamp_min(0) / whole


def _increase(whole: Tensor, left: Tensor) -> Tensor:
    return (left > whole).to(whole)
