"""Raw maps as numbers, against the formulas that the configuration gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from camcli.methods.normalisation import Normalisation
from camcli.records import MapSign, Normalize

RAW = torch.randn(3, 20, 25, generator=torch.Generator().manual_seed(0)) - 0.3


def numbers(
    sign: MapSign, normalize: Normalize, scale: float | None = None
) -> tuple[np.ndarray, list[float | None], list[int]]:
    """Return the first maps as numbers, with their scales and how much was clipped."""
    normalisation = Normalisation(sign, normalize, scale)
    found = normalisation.of(normalisation.part(RAW))
    scales = [each.scale for each in found.values]
    return found.maps.numpy(), scales, [each.clipped for each in found.values]


@pytest.mark.parametrize("sign", ["positive", "negative", "signed"])
def test_raw_maps_keep_the_values_of_the_sign_that_is_asked_for(sign: MapSign) -> None:
    raw = RAW.numpy()
    expected = {"positive": raw.clip(0), "negative": (-raw).clip(0), "signed": raw}[sign]
    found, scales, clipped = numbers(sign, "none")
    assert np.array_equal(found, expected)
    assert scales == [float(np.abs(values).max()) for values in expected]
    assert clipped == [0, 0, 0]


@pytest.mark.parametrize("sign", ["positive", "negative", "signed"])
def test_the_largest_magnitude_becomes_one_and_zero_stays_zero(sign: MapSign) -> None:
    raw, _, _ = numbers(sign, "none")
    found, _, _ = numbers(sign, "max")
    largest = np.abs(raw).max((1, 2), keepdims=True)
    np.testing.assert_allclose(found, raw / largest, rtol=1e-6)
    assert np.abs(found).max() == 1
    assert np.array_equal(found == 0, raw == 0)


def test_the_robust_scale_is_not_exceeded_by_ninety_nine_places_in_a_hundred() -> None:
    found, scales, clipped = numbers("signed", "robust")
    for values, raw, scale, beyond in zip(found, RAW.numpy(), scales, clipped, strict=True):
        expected = np.sort(np.abs(raw).ravel())[494]  # of 500 places, the 495th
        assert scale == expected
        assert beyond == 5
        np.testing.assert_allclose(values, np.clip(raw / expected, -1, 1), rtol=1e-6)


def test_where_hardly_a_place_has_evidence_the_robust_scale_is_the_largest() -> None:
    sparse = torch.zeros(1, 20, 20)
    sparse[0, 3, 4] = 2
    found = Normalisation("positive", "robust").of(sparse)
    assert found.maps.max() == 1
    assert (found.values[0].scale, found.values[0].clipped) == (2, 0)


def test_what_is_beyond_a_given_scale_is_clipped_and_counted() -> None:
    found, scales, clipped = numbers("signed", "max", 0.8)
    assert np.allclose(found, np.clip(RAW.numpy() / np.float32(0.8), -1, 1), rtol=1e-6)
    assert scales == [0.8] * 3
    assert clipped == (np.abs(RAW.numpy()) > np.float32(0.8)).sum((1, 2)).tolist()
    assert numbers("signed", "none", 0.8)[2] == clipped


def test_a_map_that_is_not_finite_stays_so() -> None:
    broken = RAW.clone()
    broken[1, 2, 3] = torch.nan
    for normalize in ("none", "max", "robust"):
        found = Normalisation("signed", normalize).of(broken)  # type: ignore[arg-type]
        assert np.isnan(found.low[1])
        assert np.isfinite(found.low[0])
