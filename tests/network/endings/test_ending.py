"""Softmax and sigmoid at the end of a network, and what is explained in their place."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from camcli.attribution.attribution import check_rules
from camcli.attribution.objective import Objective
from camcli.methods.probe import Probe
from tests.network.endings.networks import IMAGES, Close, opened


def by_hand(y: Tensor) -> Tensor:
    e = (y - y.max(1, keepdim=True).values).exp()
    return e / e.sum(1, keepdim=True)


UNDONE: dict[str, Close] = {
    "behind a cast": lambda y, _: y.softmax(1).double(),
    "behind a clamp that does not bite": lambda y, _: y.softmax(1).clamp(1e-6, 1 - 1e-6),
    "behind views": lambda y, _: y[:, :, None].softmax(1).transpose(1, 2).contiguous().flatten(1),
    "behind dropout": lambda y, _: F.dropout(y.softmax(1), training=False),
    "the exponential of a log-softmax": lambda y, _: y.log_softmax(1).exp(),
    "written by hand": lambda y, _: by_hand(y),
    "an ensemble of logits": lambda y, _: ((y + y) / 2).softmax(1),
    "a sigmoid by hand": lambda y, _: 1 / (1 + (-y).exp()),
    "two sigmoids": lambda y, _: y.sigmoid(),
}


@pytest.mark.parametrize("close", UNDONE.values(), ids=UNDONE)
def test_logits_are_explained_and_the_probability_is_the_networks_own(close: Close) -> None:
    found = opened(close)
    assert (found.kind, found.told) == ("logit", "")
    torch.testing.assert_close(found.scores, found.logits)
    torch.testing.assert_close(found.probabilities, found.returned, atol=3e-4, rtol=0)


def test_probabilities_in_half_precision_are_computed_in_single_and_that_is_told() -> None:
    found = opened(lambda y, _: y.softmax(1).half())
    assert found.kind == "logit"
    assert "asks for float16 in its forward, and is computed in float32" in found.told
    torch.testing.assert_close(found.scores, found.logits)
    torch.testing.assert_close(found.probabilities, found.returned, atol=3e-4, rtol=0)


@pytest.mark.parametrize(
    "close",
    [
        lambda y, _: (y.softmax(1) + 1e-8).log(),
        lambda y, _: F.logsigmoid(y),
    ],
    ids=["log(softmax + eps)", "logsigmoid"],
)
def test_logarithms_are_undone_to_logits(close: Close) -> None:
    found = opened(close)
    assert found.kind == "logit"
    torch.testing.assert_close(found.scores, found.logits)
    torch.testing.assert_close(found.probabilities, found.returned.exp())


@pytest.mark.parametrize(
    "close",
    [
        lambda y, _: y.sigmoid().squeeze(1),
        lambda y, _: y.sigmoid().view(-1),
        lambda y, _: y.sigmoid().squeeze(),
        lambda y, _: y.sigmoid()[:, 0],
    ],
    ids=["squeeze(1)", "view(-1)", "squeeze()", "[:, 0]"],
)
def test_a_single_sigmoid_is_found_behind_what_takes_its_axis_away(close: Close) -> None:
    found = opened(close, classes=1)
    torch.testing.assert_close(found.scores, found.logits)
    torch.testing.assert_close(found.probabilities, found.returned)


def test_the_classes_of_a_softmax_keep_the_networks_order() -> None:
    found = opened(lambda y, _: y.softmax(1)[:, [2, 0, 1]])
    torch.testing.assert_close(found.scores, found.logits[:, [2, 0, 1]])
    torch.testing.assert_close(found.probabilities, found.returned)


def completeness(found_halves: object) -> float:
    probe = Probe(found_halves, IMAGES, with_reference=True)  # type: ignore[arg-type]
    classes = torch.zeros(len(IMAGES), dtype=torch.long)
    return float(probe.contributions(Objective.of(classes)).completeness_error.max())


def test_one_column_of_two_is_the_difference_of_the_logits() -> None:
    found = opened(lambda y, _: y.softmax(1)[:, 1], classes=2)
    torch.testing.assert_close(found.scores, found.logits[:, 1:] - found.logits[:, :1])
    torch.testing.assert_close(found.probabilities, found.returned)
    assert completeness(found.halves) < 1e-5


def test_one_column_of_several_is_its_log_odds() -> None:
    found = opened(lambda y, _: y.softmax(1)[:, 2], classes=4)
    p = found.logits.softmax(1)[:, 2:3]
    torch.testing.assert_close(found.scores, (p / (1 - p)).log())
    torch.testing.assert_close(found.probabilities, p)
    assert completeness(found.halves) < 1e-5


def test_some_columns_of_a_softmax_are_log_probabilities() -> None:
    found = opened(lambda y, _: y.softmax(1)[:, 1:], classes=4)
    assert found.kind == "log-probability"
    torch.testing.assert_close(found.scores, found.logits.log_softmax(1)[:, 1:])
    torch.testing.assert_close(found.probabilities, found.returned)
    assert completeness(found.halves) < 1e-5


@pytest.mark.parametrize("first", [0, 1])
def test_a_pair_of_p_and_1_minus_p_is_the_logit_and_its_negative(first: int) -> None:
    def pair(y: Tensor, _: Tensor) -> Tensor:
        p = y.sigmoid()
        return torch.cat([p, 1 - p] if first else [1 - p, p], 1)

    found = opened(pair, classes=1)
    expected = torch.cat([found.logits, -found.logits], 1)
    torch.testing.assert_close(found.scores, expected if first else expected.flip(1))
    torch.testing.assert_close(found.probabilities, found.returned)
    check_rules(found.halves)


def test_a_temperature_belongs_to_the_logits() -> None:
    found = opened(lambda y, _: (y / 0.5).softmax(1))
    torch.testing.assert_close(found.scores, found.logits * 2)


def test_what_only_resembles_a_softmax_is_not_undone() -> None:
    found = opened(lambda y, _: y.softmax(1) * 0.99 + 0.01 / 3)
    assert found.kind == "probability"
    torch.testing.assert_close(found.scores, found.returned)
