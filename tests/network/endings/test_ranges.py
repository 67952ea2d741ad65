"""Bounds that operations put on numbers, each against the numbers themselves."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, fx
from torch.fx.experimental.proxy_tensor import make_fx

from camcli.network.endings.bounds import ANYTHING, Range
from camcli.network.endings.ranges import range_of

X = torch.tensor([[-60.0, -1.5, -0.3], [0.0, 0.8, 60.0]])


def bounds_of(function: Callable[[Tensor], Tensor]) -> Range:
    module = make_fx(function)(X)
    for node in module.graph.nodes:
        node.meta["val"] = node.meta.get("val", X)
    (output,) = module.graph.find_nodes(op="output")
    result = output.args[0]
    assert isinstance(result, fx.Node)
    return range_of(module, result)


BOUNDED: dict[str, tuple[Callable[[Tensor], Tensor], float, float]] = {
    "sigmoid": (torch.sigmoid, 0, 1),
    "complement": (lambda x: 1 - x.sigmoid(), 0, 1),
    "mean of two": (lambda x: (x.sigmoid() + (2 * x).sigmoid()) / 2, 0, 1),
    "weighted": (lambda x: 0.3 * x.sigmoid() + 0.7 * x.tanh(), -0.7, 1),
    "product": (lambda x: x.softmax(1) * x.sigmoid(), 0, 1),
    "negative product": (lambda x: -2 * x.tanh() * x.sigmoid(), -2, 2),
    "stack": (lambda x: torch.stack([x.sigmoid(), x.tanh()]).mean(0), -1, 1),
    "sum": (lambda x: x.sigmoid().sum(1), 0, 3),
    "shifted": (lambda x: (x.tanh() + 1) / 2, 0, 1),
    "clamp": (lambda x: x.clamp(-0.5, 2.0), -0.5, 2),
    "clamp_max": (lambda x: x.sigmoid().clamp(max=0.4), 0, 0.4),
    "hardtanh": (lambda x: F.hardtanh(x), -1, 1),
    "relu": (torch.relu, 0, math.inf),
    "exp": (lambda x: (-x.relu()).exp(), 0, 1),
    "quotient": (lambda x: x.sigmoid() / (1 + x.sigmoid()), 0, 1),
    "maximum": (lambda x: torch.maximum(x.sigmoid(), x.tanh()), -1, 1),
    "where": (lambda x: torch.where(x > 0, x.sigmoid(), x.tanh()), -1, 1),
}


@pytest.mark.parametrize(("function", "low", "high"), BOUNDED.values(), ids=BOUNDED)
def test_bounds_hold_the_numbers_and_are_those_by_hand(
    function: Callable[[Tensor], Tensor], low: float, high: float
) -> None:
    found, values = bounds_of(function), function(X)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.low - 1e-6 <= float(values.min())
    assert float(values.max()) <= found.high + 1e-6


@pytest.mark.parametrize(
    "function",
    [torch.sin, lambda x: x * x, lambda x: x.sigmoid() / x, lambda x: x.clamp(max=x.mean())],
    ids=["sin", "square", "division by what may be 0", "clamp by a tensor"],
)
def test_what_is_not_known_bounds_nothing(function: Callable[[Tensor], Tensor]) -> None:
    assert bounds_of(function) == ANYTHING


@pytest.mark.parametrize(
    ("function", "logs"),
    [
        (lambda x: x.log_softmax(1), True),
        (lambda x: (x.log_softmax(1) + F.logsigmoid(x)) / 2, True),
        (lambda x: x.sigmoid().log(), True),
        (lambda x: -x.relu(), False),
        (lambda x: -x.sigmoid(), False),
    ],
    ids=["log-softmax", "mean", "log of a sigmoid", "distance", "negative"],
)
def test_logarithms_of_probabilities_are_told_from_other_numbers_below_0(
    function: Callable[[Tensor], Tensor], logs: bool
) -> None:
    found = bounds_of(function)
    assert (found.logs, found.high) == (logs, 0)
