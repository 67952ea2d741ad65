"""Scores in order of their values are not explained as if number k were class k."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import Tensor

from camcli.errors import CamcliWarning, ModelError
from camcli.network.ranking import require_class_order
from camcli.network.trace import trace
from tests.network.endings.networks import IMAGES, Close, Ended

CLASSES = 5
SHUFFLED = torch.tensor([2, 0, 1, 4, 3])


def told(close: Close) -> list[str]:
    """Return what is told of a network that ends in `close`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = trace(Ended(close, CLASSES).eval(), IMAGES)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        require_class_order(traced)
    assert all(warning.category is CamcliWarning for warning in found)
    return [str(warning.message) for warning in found]


RANKED: dict[str, Close] = {
    "the best of them": lambda scores, _: scores.topk(2).values,
    "all, by topk": lambda scores, _: scores.topk(CLASSES)[0],
    "the best, in no order": lambda scores, _: scores.topk(4, sorted=False)[0],
    "all, in no order": lambda scores, _: scores.topk(CLASSES, sorted=False)[0],
    "sorted": lambda scores, _: scores.sort(1, descending=True)[0],
    "sorted and turned round": lambda scores, _: scores.sort(1)[0].flip(1),
    "sorted across": lambda scores, _: scores.t().msort().t(),
    "gathered by argsort": lambda scores, _: scores.gather(1, scores.argsort(1)),
    "indexed by argsort": lambda scores, _: scores[
        torch.arange(scores.shape[0])[:, None], scores.argsort(1)
    ],
    "the best probabilities": lambda scores, _: scores.softmax(1).topk(3).values,
    "probabilities of sorted logits": lambda scores, _: scores.sort(1).values.softmax(1),
    "logarithms of sorted probabilities": lambda scores, _: scores.softmax(1).sort(1)[0].log(),
}


@pytest.mark.parametrize("close", RANKED.values(), ids=RANKED.keys())
def test_scores_in_order_of_their_values_are_refused(close: Close) -> None:
    with pytest.raises(ModelError, match=r"in order of their values \(by aten\.\w+\)"):
        told(close)


def _of_the_best(scores: Tensor) -> Tensor:
    """Return the probabilities of two classes, of which one is the mean of the best few."""
    mean = scores.sigmoid().topk(2).values.mean(1, keepdim=True)
    return torch.cat([1 - mean, mean], 1)


def _without_the_others(scores: Tensor) -> Tensor:
    return scores.masked_fill(scores < scores.topk(3).values[:, -1:], -1e4)


IN_ORDER_OF_CLASSES: dict[str, Close] = {
    "moved by a constant": lambda scores, _: scores[:, SHUFFLED],
    "gathered by a constant": lambda scores, _: scores.gather(
        1, SHUFFLED.expand(scores.shape[0], CLASSES)
    ),
    "the best few kept in place": lambda scores, _: _without_the_others(scores),
    "two classes of the mean of the best": lambda scores, _: _of_the_best(scores),
    "the median of an ensemble": lambda a, b: torch.stack([a, b, a + b], 1).sort(1).values[:, 1],
    "one number of all": lambda scores, _: scores.logsumexp(1),
}


@pytest.mark.parametrize("close", IN_ORDER_OF_CLASSES.values(), ids=IN_ORDER_OF_CLASSES.keys())
def test_scores_of_which_each_has_a_place_of_its_own_pass(close: Close) -> None:
    assert told(close) == []


@pytest.mark.parametrize(
    "close",
    [
        lambda scores, _: scores.topk(1).values,
        lambda scores, _: scores.amax(1),
        lambda scores, _: scores.softmax(1).max(1)[0],
        lambda scores, _: scores.sort(1).values[:, -1:],
    ],
)
def test_a_single_number_that_is_the_best_of_several_is_told(close: Close) -> None:
    (message,) = told(close)
    assert f"the best of {CLASSES} scores" in message


def test_the_best_places_of_each_class_may_be_averaged() -> None:
    network = Ended(lambda scores, _: scores, CLASSES)
    network.head = torch.nn.Conv2d(4, CLASSES, 1)  # type: ignore[assignment]

    def forward(images: Tensor) -> Tensor:
        scores: Tensor = network.head(network.stem(images)).flatten(2).topk(3).values.mean(2)
        return scores

    network.forward = forward  # type: ignore[method-assign]
    require_class_order(trace(network.eval(), IMAGES))
