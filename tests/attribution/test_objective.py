"""The scores that are explained, as a function of the logits."""

from __future__ import annotations

import torch

from camcli.attribution.objective import Objective

LOGITS = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
COLUMNS = torch.tensor([[2, 2], [0, 1], [1, 0]])
FACTORS = torch.tensor([[1.0, 0.0], [-1.0, 0.5], [1.0, -1.0]])
MIXED = Objective(COLUMNS, FACTORS)


def test_a_score_is_a_sum_of_logits_by_their_factors() -> None:
    assert MIXED.scores(LOGITS).tolist() == [3.0, -4.0 + 2.5, 8.0 - 7.0]
    assert Objective.of(torch.tensor([2, 0, 1])).scores(LOGITS).tolist() == [3.0, 4.0, 8.0]


def test_weights_are_those_that_give_the_score() -> None:
    weight = torch.tensor([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    assert MIXED.weights(weight).tolist() == [[3.0, 30.0], [0.0, 0.0], [1.0, 10.0]]


def test_terms_that_others_of_a_batch_have_more_change_no_bit() -> None:
    numbers = torch.randn(1, 3, generator=torch.Generator().manual_seed(1))
    alone = Objective.of(torch.tensor([2])).scores(numbers)
    padded = Objective(torch.tensor([[2, 2, 2]]), torch.tensor([[1.0, 0.0, 0.0]]))
    assert torch.equal(padded.scores(numbers), alone)


def test_variants_of_an_image_follow_one_another_and_pieces_keep_the_order() -> None:
    twice = MIXED.repeat(2)
    assert (len(twice), twice.columns[:, 0].tolist()) == (6, [2, 2, 0, 0, 1, 1])
    assert twice.factors[:, 1].tolist() == [0, 0, 0.5, 0.5, -1, -1]
    pieces = twice.split(4)
    assert [piece.columns[:, 0].tolist() for piece in pieces] == [[2, 2, 0, 0], [1, 1]]
    assert [piece.factors[:, 0].tolist() for piece in pieces] == [[1, 1, -1, -1], [1, 1]]


def test_scores_keep_the_precision_of_the_logits() -> None:
    assert MIXED.scores(LOGITS.double()).dtype == torch.float64
