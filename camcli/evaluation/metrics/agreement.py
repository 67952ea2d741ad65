"""How close a method's coefficients are to Shapley values, and a map to another map."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from camcli.evaluation.metrics.family import Family

_LIFT_CAM = (
    "Shapley values as the ideal coefficients of a CAM: Jung and Oh, "
    '"Towards Better Explanations of Class Activation Mapping", ICCV 2021, arXiv 2102.05228'
)
_SPEARMAN = (
    'Spearman, "The Proof and Measurement of Association between Two Things", American Journal of '
    "Psychology 15, 1904"
)


@dataclass(frozen=True)
class AgreementInput:
    """Coefficients of the channel maps, and what they should be.

    Attributes:
        coefficients: (B, K), a method's.
        shapley: (B, K), the Shapley values of the same channel maps.

    """

    coefficients: Tensor
    shapley: Tensor


AGREEMENT = Family[AgreementInput]("agreement")
"""Metrics of a method's coefficients against Shapley values."""


def relative_error(found: Tensor, truth: Tensor) -> Tensor:
    """Return ‖found - truth‖₂ / ‖truth‖₂ of each row, float64 (B,).

    0 is best, 1 is what zeros would score.

    Args:
        found: (B, K).
        truth: (B, K).

    """
    found, truth = found.double(), truth.double()
    error: Tensor = (found - truth).norm(dim=1) / truth.norm(dim=1)
    return error


def scaled_error(found: Tensor, truth: Tensor) -> Tensor:
    """Return the relative error of each row after the factor ≥ 0 that makes it smallest.

    √(1 - cos²), or 1 where the cosine is negative. A map is normalised, so only the proportions of
    its coefficients matter, not their scale.

    Args:
        found: (B, K).
        truth: (B, K).

    """
    cosine = cosine_similarity(found, truth).clamp(0, 1)
    return (1 - cosine.square()).sqrt()


def cosine_similarity(found: Tensor, truth: Tensor) -> Tensor:
    """Return the cosine of the angle between rows of (B, K); in [-1, 1], higher is closer."""
    return torch.cosine_similarity(found.double(), truth.double(), dim=1)


def rank_correlation(first: Tensor, second: Tensor) -> Tensor:
    """Return Spearman's ρ between rows of (B, n): the correlation of ranks, ties averaged.

    In [-1, 1]; NaN where a row is constant.
    """
    ranks = torch.stack([_ranks(first), _ranks(second)]).double()
    centred = ranks - ranks.mean(-1, keepdim=True)
    covariance = (centred[0] * centred[1]).sum(1)
    spread: Tensor = centred[0].norm(dim=1) * centred[1].norm(dim=1)
    return covariance / spread


@AGREEMENT.metric(
    "shap_error",
    "SHAP error",
    better="lower",
    bounds=(0, math.inf),
    source=_LIFT_CAM,
    percent=True,
)
def shap_error(given: AgreementInput) -> Tensor:
    """Return the relative L2 error of the coefficients."""
    return relative_error(given.coefficients, given.shapley)


@AGREEMENT.metric(
    "shap_scaled_error",
    "SHAP error, scaled",
    better="lower",
    bounds=(0, 1),
    source=_LIFT_CAM,
    percent=True,
)
def shap_scaled_error(given: AgreementInput) -> Tensor:
    """Return the relative L2 error of the coefficients at their best scale."""
    return scaled_error(given.coefficients, given.shapley)


@AGREEMENT.metric("shap_cosine", "SHAP cosine", better="higher", bounds=(-1, 1), source=_LIFT_CAM)
def shap_cosine(given: AgreementInput) -> Tensor:
    """Return the cosine of the angle between the coefficients and the Shapley values."""
    return cosine_similarity(given.coefficients, given.shapley)


@AGREEMENT.metric("shap_rank", "SHAP rank ρ", better="higher", bounds=(-1, 1), source=_SPEARMAN)
def shap_rank(given: AgreementInput) -> Tensor:
    """Return Spearman's ρ between the coefficients and the Shapley values."""
    return rank_correlation(given.coefficients, given.shapley)


def _ranks(values: Tensor) -> Tensor:
    """Return the rank of each value in its row; equal values get the mean of their ranks."""
    ordered = values.sort(dim=1).values.contiguous()
    below = torch.searchsorted(ordered, values.contiguous(), right=False)
    upto = torch.searchsorted(ordered, values.contiguous(), right=True)
    return (below + upto + 1) / 2
