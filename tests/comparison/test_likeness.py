"""The measures against their definitions, computed the slow way or by SciPy."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats

from camcli.comparison.likeness import cosine, peak, spearman, ssim
from tests.comparison.runs import blob


def pairs() -> list[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
    rng = np.random.default_rng(0)
    noise = [rng.random((17, 23)).astype(np.float32) for _ in range(3)]
    coarse = [np.round(values, 1) for values in noise]  # with ties
    small = [values[:5, :6] for values in noise]
    return [(noise[0], noise[1]), (coarse[0], coarse[1]), (small[0], small[1]), (noise[0],) * 2]


def slow_ssim(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """Structural similarity by its definition, one window after another."""
    height, width = (min(11, side - 1 + side % 2) for side in a.shape)
    weights = np.array(
        [
            [
                math.exp(-((i - height // 2) ** 2 + (j - width // 2) ** 2) / (2 * 1.5**2))
                for j in range(width)
            ]
            for i in range(height)
        ]
    )
    weights /= weights.sum()
    values = []
    for i in range(a.shape[0] - height + 1):
        for j in range(a.shape[1] - width + 1):
            x, y = (part[i : i + height, j : j + width].astype(float) for part in (a, b))
            mx, my = (weights * x).sum(), (weights * y).sum()
            vx, vy = (weights * (x - mx) ** 2).sum(), (weights * (y - my) ** 2).sum()
            covariance = (weights * (x - mx) * (y - my)).sum()
            values.append(
                (2 * mx * my + 1e-4)
                * (2 * covariance + 9e-4)
                / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4))
            )
    return float(np.mean(values))


@pytest.mark.parametrize("maps", pairs())
def test_each_measure_is_its_definition(
    maps: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]],
) -> None:
    a, b = maps
    assert ssim(a, b) == pytest.approx(slow_ssim(a, b), abs=1e-9)
    expected = scipy.stats.spearmanr(a.ravel(), b.ravel()).statistic
    assert spearman(a, b) == pytest.approx(expected, abs=1e-9)
    together = sum(float(x) * float(y) for x, y in zip(a.ravel(), b.ravel(), strict=True))
    lengths = [math.sqrt(sum(float(x) ** 2 for x in part.ravel())) for part in (a, b)]
    assert cosine(a, b) == pytest.approx(together / (lengths[0] * lengths[1]), abs=1e-6)


def test_what_has_no_measure_has_none() -> None:
    zero, flat = np.zeros((4, 4), np.float32), np.full((4, 4), 0.5, np.float32)
    assert cosine(zero, flat) is None
    assert spearman(flat, blob(1, 1, (4, 4))) is None


def test_a_peak_lies_in_the_middle_of_its_pixel_and_of_what_ties() -> None:
    assert peak(blob(8, 12)) == (8.5 / 32, 12.5 / 48)
    tied = np.zeros((4, 4), np.float32)
    tied[1, 0] = tied[1, 2] = 1
    assert peak(tied) == (1.5 / 4, 1.5 / 4)
