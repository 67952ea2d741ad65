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
    "maximum": (lambda x: torch.maximum(x.sigmoid(), x.tanh()), 0, 1),
    "minimum": (lambda x: torch.minimum(x.sigmoid(), x.tanh()), -1, 1),
    "largest": (lambda x: x.softmax(1).max(1).values, 0, 1),
    "smallest": (lambda x: x.tanh().min(), -1, 1),
    "larger of two": (lambda x: torch.max(x.sigmoid(), 0.5 * x.tanh()), 0, 1),
    "median": (lambda x: x.sigmoid().median(1).values, 0, 1),
    "sorted": (lambda x: x.sigmoid().sort(1).values, 0, 1),
    "topk": (lambda x: x.sigmoid().topk(2).values, 0, 1),
    "running maximum": (lambda x: x.sigmoid().cummax(1).values, 0, 1),
    "max-pool": (lambda x: F.max_pool1d(x.sigmoid(), 2), 0, 1),
    "root": (lambda x: (x.sigmoid() * x.softmax(1)).sqrt(), 0, 1),
    "square": (lambda x: x.tanh() ** 2, 0, 1),
    "times itself": (lambda x: x * x, 0, math.inf),
    "power": (lambda x: (2 * x.sigmoid()) ** 3, 0, 8),
    "odd power": (lambda x: x.tanh() ** 3, -math.inf, math.inf),
    "inverse power": (lambda x: (1 + x.sigmoid()) ** -2, 0.25, 1),
    "power of a number": (lambda x: 2 ** x.tanh(), 0.5, 2),
    "product of all": (lambda x: (2 * x.sigmoid()).prod(1), 0, 8),
    "any of them": (lambda x: 1 - (1 - x.sigmoid()).prod(1), 0, 1),
    "running product": (lambda x: x.sigmoid().cumprod(1), 0, 1),
    "product of signed": (lambda x: x.tanh().prod(1), -1, 1),
    "running sum": (lambda x: x.tanh().cumsum(1), -3, 3),
    "length": (lambda x: x.tanh().norm(dim=1), 0, math.sqrt(3)),
    "sum of magnitudes": (lambda x: x.tanh().norm(p=1, dim=1), 0, 3),
    "largest magnitude": (lambda x: x.tanh().norm(p=math.inf, dim=1), 0, 1),
    "magnitude": (lambda x: x.tanh().abs(), 0, 1),
    "exponential of a distance": (lambda x: (-(x**2).sum(1)).exp(), 0, 1),
    "inverse": (lambda x: 1 / (1 + x.abs()), 0, 1),
    "inverse root": (lambda x: (1 + x.abs()).rsqrt(), 0, 1),
    "reciprocal": (lambda x: (2 - x.sigmoid()).reciprocal(), 0.5, 1),
    "logarithm of 1 and more": (lambda x: x.sigmoid().log1p(), 0, math.log(2)),
    "less than 1": (lambda x: -torch.expm1(-x.relu()), 0, 1),
    "masked": (lambda x: x.sigmoid().masked_fill(x > 0, 2.0), 0, 2),
    "between": (lambda x: torch.lerp(x.sigmoid(), x.tanh(), 0.3), -1, 1),
    "beside zeros": (lambda x: F.pad(1 + x.sigmoid(), (1, 1)), 0, 2),
    "of ones": (lambda x: torch.ones_like(x) - x.sigmoid(), 0, 1),
    "summed to groups": (lambda x: x.sigmoid() @ torch.tensor([[1.0], [0.5], [0.0]]), 0, 3),
    "sine": (torch.sin, -1, 1),
    "GELU of a tanh": (lambda x: F.gelu(x.tanh()), -1, 1),
    "log-sum-exp": (lambda x: x.tanh().logsumexp(1), math.log(3) - 1, math.log(3) + 1),
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
    [torch.tan, lambda x: x.sigmoid() / x, lambda x: x.clamp(max=x.mean())],
    ids=["tan", "division by what may be 0", "clamp by a tensor"],
)
def test_what_is_not_known_bounds_nothing(function: Callable[[Tensor], Tensor]) -> None:
    assert bounds_of(function) == ANYTHING


@pytest.mark.parametrize(
    ("function", "logs"),
    [
        (lambda x: x.log_softmax(1), True),
        (lambda x: (x.log_softmax(1) + F.logsigmoid(x)) / 2, True),
        (lambda x: x.sigmoid().log(), True),
        (lambda x: torch.stack([x.log_softmax(1)] * 2).logsumexp(0) - math.log(2), True),
        (lambda x: -x.relu(), False),
        (lambda x: -x.sigmoid(), False),
    ],
    ids=["log-softmax", "mean", "log of a sigmoid", "log of a mean", "distance", "negative"],
)
def test_logarithms_of_probabilities_are_told_from_other_numbers_below_0(
    function: Callable[[Tensor], Tensor], logs: bool
) -> None:
    found = bounds_of(function)
    assert (found.logs, found.high) == (logs, 0)
