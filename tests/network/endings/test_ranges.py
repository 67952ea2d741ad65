"""Bounds that operations put on numbers, each against the numbers themselves."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, fx
from torch.fx.experimental.proxy_tensor import make_fx

from camcli.network.endings.ranges import ANYTHING, Range, range_of

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
    "largest": (lambda x: (2 * x.sigmoid()).max(1).values, 0, 2),
    "smallest of two": (lambda x: torch.min(x.sigmoid(), x.tanh()), -1, 1),
    "median": (lambda x: x.sigmoid().median(0).values, 0, 1),
    "largest two": (lambda x: x.tanh().topk(2).values, -1, 1),
    "root": (lambda x: (4 * x.sigmoid()).sqrt(), 0, 2),
    "root power": (lambda x: (8 * x.sigmoid()) ** (1 / 3), 0, 2),
    "square": (lambda x: (2 * x.tanh()) ** 2, 0, 4),
    "magnitude": (lambda x: (3 * x.tanh() - 1).abs(), 0, 4),
    "magnitude below 0": (lambda x: (x.tanh() - 3).abs(), 2, 4),
    "product over all": (lambda x: x.sigmoid().prod(1), 0, 1),
    "interpolation": (lambda x: torch.lerp(x.sigmoid(), x.tanh(), 0.5), -1, 1),
    "filled": (lambda x: x.sigmoid().masked_fill(x > 0, 2.0), 0, 2),
    "sine": (torch.sin, -1, 1),
    "exponential less 1": (lambda x: x.tanh().expm1(), math.exp(-1) - 1, math.e - 1),
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
    [torch.atan, lambda x: x * x, lambda x: x.sigmoid() / x, lambda x: x.clamp(max=x.mean())],
    ids=["atan", "product with itself", "division by what may be 0", "clamp by a tensor"],
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
