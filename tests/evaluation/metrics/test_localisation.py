from __future__ import annotations

import pytest
import torch
from torch import Tensor

from camcli.evaluation.metrics.localisation import LOCALISATION, LocalisationInput, peak_inside
from tests.reference import slow_metrics


@pytest.mark.parametrize("row", range(3))
def test_localisation_agrees_with_the_slow_reference(row: int, maps: Tensor) -> None:
    target, others = maps[row].roll(3, 1) > 0.6, maps[row].roll(5, 0) > 0.8
    found = LOCALISATION.measure(LocalisationInput(maps[row][None], target[None], others[None]))
    saliency = maps[row].numpy()
    assert found == pytest.approx(
        {
            "energy": slow_metrics.energy_inside(saliency, target.numpy()),
            "pointing": float(slow_metrics.peak_inside(saliency, target.numpy())),
            "energy_on_others": slow_metrics.energy_inside(saliency, others.numpy()),
        }
    )


@pytest.mark.parametrize("margin", [0, 1, 3])
def test_a_peak_near_the_object_counts_within_the_margin(margin: int) -> None:
    generator = torch.Generator().manual_seed(margin)
    maps = (torch.rand(40, 7, 9, generator=generator) * 6).floor()  # equal peaks
    masks = torch.rand(40, 7, 9, generator=generator) > 0.97
    expected = [
        slow_metrics.peak_inside(saliency.numpy(), mask.numpy(), margin)
        for saliency, mask in zip(maps, masks, strict=True)
    ]
    assert peak_inside(maps, masks, margin).tolist() == expected
    assert 0 < sum(expected) < 40


def test_energy_on_others_does_not_apply_to_an_image_without_others(maps: Tensor) -> None:
    target = maps[:1] > 0.5
    found = LOCALISATION.measure(LocalisationInput(maps[:1], target, target & False))
    assert set(found) == {"energy", "pointing"}
