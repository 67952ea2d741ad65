from __future__ import annotations

import torch
from torch import Tensor

from camcli.evaluation.metrics.perturbation_curves import area_under, most_salient


def test_places_are_reached_most_salient_first(maps: Tensor) -> None:
    reached = most_salient(maps, 4)
    assert reached.sum((2, 3)).tolist() == [[0, 80, 160, 240, 320]] * 3
    inside, outside = maps[0][reached[0, 1]], maps[0][~reached[0, 1]]
    assert inside.min() >= outside.max()
    assert (reached[:, 1:] | ~reached[:, :-1]).all()


def test_area_under_a_straight_line_is_its_middle() -> None:
    assert area_under(torch.tensor([[0.0, 0.5, 1.0], [1.0, 1.0, 1.0]])).tolist() == [0.5, 1.0]
