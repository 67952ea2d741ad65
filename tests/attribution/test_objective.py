"""The scores that are explained, as a function of the logits."""

from __future__ import annotations

import torch

from camcli.attribution.objective import Objective

LOGITS = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
MIXED = Objective(torch.tensor([2, 0, 1]), torch.tensor([1.0, -1.0, -1.0]))


def test_a_score_is_a_logit_or_its_negative() -> None:
    assert MIXED.scores(LOGITS).tolist() == [3.0, -4.0, -8.0]
    assert Objective.of(torch.tensor([2, 0, 1])).scores(LOGITS).tolist() == [3.0, 4.0, 8.0]


def test_weights_are_those_that_give_the_score() -> None:
    weight = torch.tensor([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    assert MIXED.weights(weight).tolist() == [[3.0, 30.0], [-1.0, -10.0], [-2.0, -20.0]]


def test_variants_of_an_image_follow_one_another_and_pieces_keep_the_order() -> None:
    twice = MIXED.repeat(2)
    assert (len(twice), twice.columns.tolist()) == (6, [2, 2, 0, 0, 1, 1])
    assert twice.signs.tolist() == [1, 1, -1, -1, -1, -1]
    pieces = twice.split(4)
    assert [piece.columns.tolist() for piece in pieces] == [[2, 2, 0, 0], [1, 1]]
    assert [piece.signs.tolist() for piece in pieces] == [[1, 1, -1, -1], [-1, -1]]


def test_scores_keep_the_precision_of_the_logits() -> None:
    assert MIXED.scores(LOGITS.double()).dtype == torch.float64
