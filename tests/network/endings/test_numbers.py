"""Scores that are not taken back to logits, and what the user says of them."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from camcli.errors import ModelError
from camcli.network.endings.meaning import Probabilities
from camcli.network.endings.numbers import _are_shares
from tests.network.endings.networks import Close, opened

GROUPS = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])


def mean_of_two(y: Tensor, z: Tensor) -> Tensor:
    return (y.softmax(1) + z.softmax(1)) / 2


NUMBERS: dict[str, tuple[Close, str]] = {
    "mean of softmaxes": (mean_of_two, "probability"),
    "mean of sigmoids": (
        lambda y, z: torch.stack([y.sigmoid(), z.sigmoid()]).mean(0),
        "probability",
    ),
    "softmax in groups": (lambda y, z: torch.cat([y.softmax(1), z.softmax(1)], 1), "probability"),
    "own normalisation": (lambda y, _: F.normalize(y.abs() + 0.1, p=1), "probability"),
    "a clamp that bites": (lambda y, _: y.softmax(1).clamp(0.2, 0.8), "probability"),
    "logarithm of a mean": (lambda y, z: mean_of_two(y, z).log(), "log-probability"),
    "mean of log-softmaxes": (
        lambda y, z: (y.log_softmax(1) + z.log_softmax(1)) / 2,
        "log-probability",
    ),
    "the largest of a softmax": (lambda y, _: y.softmax(1).max(1).values, "probability"),
    "root of a product": (lambda y, z: (y.softmax(1) * z.softmax(1)).sqrt(), "probability"),
    "either of two": (lambda y, z: 1 - (1 - y.sigmoid()) * (1 - z.sigmoid()), "probability"),
    "classes in groups": (lambda y, _: y.softmax(1) @ GROUPS, "probability"),
    "mean in logarithms": (
        lambda y, z: (
            torch.stack([y.log_softmax(1), z.log_softmax(1)]).logsumexp(0) - math.log(2)
        ),
        "log-probability",
    ),
    "length of a softmax": (lambda y, _: y.softmax(1).norm(dim=1), "value"),
    "a decision": (lambda y, _: (y.sigmoid() > 0.5).float(), "value"),
    "per cents": (lambda y, _: 100 * y.softmax(1), "value"),
    "bounded": (lambda y, _: y.tanh(), "value"),
}  # fmt: skip


@pytest.mark.parametrize(("close", "kind"), NUMBERS.values(), ids=NUMBERS)
def test_what_cannot_be_undone_is_explained_as_the_number_it_is_and_told(
    close: Close, kind: str
) -> None:
    found = opened(close)
    assert found.kind == kind
    torch.testing.assert_close(found.scores, found.returned)
    expected = found.returned.exp() if kind == "log-probability" else found.returned
    torch.testing.assert_close(found.probabilities, expected)
    assert "score_kind" in found.told


def test_plain_logits_are_taken_for_logits_without_a_word() -> None:
    several, single = opened(lambda y, _: y), opened(lambda y, _: y.squeeze(1), classes=1)
    assert (several.halves.probabilities, single.halves.probabilities) == ("softmax", "sigmoid")
    assert several.told + single.told == ""


@pytest.mark.parametrize(
    "close",
    [lambda y, z: 0.01 * (y + z) + 0.5, lambda y, _: (0.01 * y + 0.5).relu()],
    ids=["sum of heads", "ReLU"],
)
def test_logits_that_happen_to_lie_between_0_and_1_are_logits(close: Close) -> None:
    found = opened(close)
    assert bool(((found.returned >= 0) & (found.returned <= 1)).all())
    assert (found.kind, found.told) == ("logit", "")
    torch.testing.assert_close(found.probabilities, found.returned.softmax(1))


def test_a_softmax_over_a_single_score_is_told() -> None:
    found = opened(lambda y, _: y.softmax(1), classes=1)
    assert "is 1 for every image" in found.told
    torch.testing.assert_close(found.scores, found.logits)


@pytest.mark.parametrize(
    "close",
    [
        lambda y, _: y,
        lambda y, _: y.squeeze(1),
        lambda y, _: y.sigmoid(),
        lambda y, _: y.softmax(1),
    ],
    ids=["logit", "no class axis", "sigmoid", "softmax of its own"],
)
def test_a_softmax_asked_for_over_a_single_score_is_refused(close: Close) -> None:
    with pytest.raises(ModelError, match=r"1 for every image .* set it to sigmoid .* else to none"):
        opened(close, classes=1, asked="softmax")


def test_a_softmax_asked_for_over_one_of_a_networks_own_columns_is_that_columns() -> None:
    found = opened(lambda y, _: y.softmax(1)[:, 1:2], classes=3, asked="softmax")
    expected = found.logits.softmax(1)[:, 1:2]
    torch.testing.assert_close(found.probabilities, expected)
    assert (found.kind, found.told) == ("logit", "")


def test_scores_that_may_be_probabilities_have_none_and_that_is_told() -> None:
    found = opened(lambda y, _: y.square() / (1 + y.square()), classes=1)
    assert found.kind == "value"
    assert "may be probabilities or not" in found.told
    torch.testing.assert_close(found.scores, found.returned)


@pytest.mark.parametrize(
    ("close", "kind"),
    [
        (lambda y, _: y, "value"),
        (lambda y, _: y.softmax(1), "probability"),
        (lambda y, _: y.log_softmax(1), "log-probability"),
        (mean_of_two, "probability"),
    ],
    ids=["logits", "softmax", "log-softmax", "mean"],
)
def test_with_none_what_the_network_returns_is_explained(close: Close, kind: str) -> None:
    found = opened(close, asked="none")
    assert (found.kind, found.told) == (kind, "")
    torch.testing.assert_close(found.scores, found.returned)


@pytest.mark.parametrize(
    ("asked", "close", "told"),
    [
        ("softmax", lambda y, _: y.sigmoid(), "ends in a sigmoid"),
        ("sigmoid", lambda y, _: y.softmax(1), "ends in a softmax"),
        ("softmax", mean_of_two, "are a probability each already"),
    ],
    ids=["softmax for sigmoid", "sigmoid for softmax", "softmax for a mean"],
)
def test_the_users_word_wins_and_the_contradiction_is_told(
    asked: Probabilities, close: Close, told: str
) -> None:
    found = opened(close, asked=asked)
    expected = found.scores.softmax(1) if asked == "softmax" else found.scores.sigmoid()
    torch.testing.assert_close(found.probabilities, expected)
    assert told in found.told


def test_a_word_that_agrees_with_the_network_changes_nothing() -> None:
    found = opened(lambda y, _: y.softmax(1)[:, 1], classes=2, asked="softmax")
    assert found.told == ""
    torch.testing.assert_close(found.probabilities, found.returned)


def test_logits_times_a_computed_constant_remain_logits_wherever_they_lie() -> None:
    found = opened(lambda y, _: (torch.full((3,), 0.01) * 2) * y + 0.5)
    assert (found.halves.probabilities, found.told) == ("softmax", "")


def test_rectified_logits_remain_logits_though_some_lie_in_the_unit_interval() -> None:
    found = opened(lambda y, _: (y * 0.01).relu())
    assert (found.halves.probabilities, found.told) == ("softmax", "")


@pytest.mark.parametrize("classes", [3, 10, 100])
@pytest.mark.parametrize("apart", [1e-4, 1e-3])
def test_scores_that_nearly_agree_are_no_shares_of_one_sum(classes: int, apart: float) -> None:
    generator = torch.Generator().manual_seed(classes)
    scores = torch.rand(classes, generator=generator, dtype=torch.float64) + 0.1
    moved = scores * (1 + apart * torch.rand(2, classes, generator=generator))
    assert not _are_shares(moved)
    shares = (100 * moved.log().softmax(1).float()).double()
    assert _are_shares(shares)
