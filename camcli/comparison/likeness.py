"""How alike two maps of one size are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from camcli.comparison.entry import Map

_WINDOW = 11
_SIGMA = 1.5
_K1, _K2 = 0.01, 0.03

_Array = npt.NDArray[np.float64]


def cosine(first: Map, second: Map) -> float | None:
    """Return the cosine of the angle between two maps (h, w), in [0, 1]; None where one is zero."""
    a, b = first.ravel().astype(np.float64), second.ravel().astype(np.float64)
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return min(float(a @ b) / length, 1.0) if length else None


def spearman(first: Map, second: Map) -> float | None:
    """Return Spearman's ρ: the correlation of ranks, ties averaged; None where a map is constant.

    Spearman, "The Proof and Measurement of Association between Two Things", American Journal of
    Psychology 15, 1904.
    """
    a, b = (_centred_ranks(values) for values in (first, second))
    spread = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.clip(a @ b / spread, -1, 1)) if spread else None


def ssim(first: Map, second: Map) -> float:
    """Return the structural similarity of two maps in [0, 1], in [-1, 1].

    The mean over all windows of (2 μₐμᵦ + c₁)(2 σₐᵦ + c₂) / ((μₐ² + μᵦ² + c₁)(σₐ² + σᵦ² + c₂)),
    with Gaussian windows of 11 pixels (fewer where the map is smaller) and σ = 1.5, c₁ = 0.01² and
    c₂ = 0.03². Wang, Bovik, Sheikh, Simoncelli, "Image Quality Assessment: From Error Visibility to
    Structural Similarity", IEEE Transactions on Image Processing 13, 2004.
    """
    a, b = first.astype(np.float64), second.astype(np.float64)
    mean_a, mean_b = _blurred(a), _blurred(b)
    variance_a = _blurred(a * a) - mean_a**2
    variance_b = _blurred(b * b) - mean_b**2
    covariance = _blurred(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + _K1**2) / (mean_a**2 + mean_b**2 + _K1**2)
    structure = (2 * covariance + _K2**2) / (variance_a + variance_b + _K2**2)
    return float((luminance * structure).mean())


def peak(values: Map) -> tuple[float, float]:
    """Return where a map is highest, as fractions of its (height, width); of ties, their mean."""
    rows, columns = np.nonzero(values == values.max())
    return (
        float((rows.mean() + 0.5) / values.shape[0]),
        float((columns.mean() + 0.5) / values.shape[1]),
    )


def _centred_ranks(values: Map) -> _Array:
    _, place, counts = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    upto = np.cumsum(counts)
    ranks = (upto - (counts - 1) / 2)[place.ravel()]
    centred: _Array = ranks - ranks.mean()
    return centred


def _blurred(values: _Array) -> _Array:
    """Return the weighted means of all windows that lie within a map."""
    for axis in (0, 1):
        weights = _window(values.shape[axis])
        windows = np.lib.stride_tricks.sliding_window_view(values, len(weights), axis)
        values = windows @ weights
    return values


def _window(room: int) -> _Array:
    size = min(_WINDOW, room - 1 + room % 2)  # odd
    offsets = np.arange(size) - size // 2
    weights = np.exp(-(offsets**2) / (2 * _SIGMA**2))
    normalised: _Array = weights / weights.sum()
    return normalised
