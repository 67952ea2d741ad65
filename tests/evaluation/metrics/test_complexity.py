from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from camcli.evaluation.metrics.complexity import ComplexityInput, entropy, gini
from camcli.evaluation.metrics.localisation import energy_inside, peak_inside
from tests.reference import slow_metrics


def test_complexity_agrees_with_the_slow_reference(maps: Tensor) -> None:
    given = ComplexityInput(maps)
    for row in range(3):
        saliency = maps[row].numpy()
        assert float(gini.compute(given)[row]) == pytest.approx(slow_metrics.gini(saliency))
        assert float(entropy.compute(given)[row]) == pytest.approx(slow_metrics.entropy(saliency))


def test_a_map_in_one_place_is_at_one_end_of_the_scale_and_a_constant_map_at_the_other() -> None:
    one_place = torch.zeros(1, 8, 8)
    one_place[0, 3, 4] = 2.0
    concentrated, constant, zero = map(
        ComplexityInput, (one_place, torch.ones(1, 8, 8), torch.zeros(1, 8, 8))
    )
    assert float(entropy.compute(concentrated)) == pytest.approx(0.0)
    assert float(gini.compute(concentrated)) == pytest.approx(1 - 1 / 64)
    assert float(gini.compute(constant)) == pytest.approx(0.0)
    assert bool(gini.compute(zero).isnan())


def test_complexity_and_localisation_are_quantus(maps: Tensor, classes: tuple[int, ...]) -> None:
    quantus = pytest.importorskip("quantus")
    given = ComplexityInput(maps)
    masks = maps.roll(3, 2) > 0.6
    channel = maps.numpy()[:, None]
    arguments = {"disable_warnings": True, "normalise": False, "abs": False}
    call = {
        "model": None,
        "x_batch": np.zeros((3, 3, 16, 20), dtype=np.float32),
        "y_batch": np.array(classes),
        "a_batch": channel,
        "channel_first": True,
    }
    sparse = quantus.Sparseness(**arguments)(**call)
    np.testing.assert_allclose(gini.compute(given), sparse, rtol=1e-4)
    complexity = quantus.Complexity(**arguments)(**call)
    np.testing.assert_allclose(entropy.compute(given) * np.log(320), complexity, rtol=1e-4)
    segments = {**call, "s_batch": masks.numpy()[:, None]}
    energy = quantus.RelevanceMassAccuracy(**arguments)(**segments)
    np.testing.assert_allclose(energy_inside(maps, masks), energy, rtol=1e-4)
    # Of several equal peaks, as the second map has them, quantus takes another than the first.
    hits = quantus.PointingGame(**arguments)(**segments)
    assert peak_inside(maps, masks).tolist()[::2] == [bool(hit) for hit in hits][::2]
