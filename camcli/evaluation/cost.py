"""What an explanation costs, in forward passes: arithmetic counted, and time taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from camcli.evaluation.sources import Look, MapSource
from camcli.network.split import SplitNetwork


@dataclass(frozen=True)
class Cost:
    """One explanation of one image, against one prediction of it; both by the network as traced.

    Attributes:
        passes: Multiplications and additions counted, those of a prediction being 1.
        time: Seconds taken, those of a prediction being 1. On a CPU the seconds that its cores were
            busy for this process, which other work on the machine hardly changes.

    """

    passes: float
    time: float


def cost_of(source: MapSource, network: SplitNetwork, look: Look, classes: Tensor) -> Cost:
    """Measure a source on a batch from scratch, nothing shared, after a warming-up run."""

    def predict() -> None:
        with torch.no_grad():
            network.predict(look.images)

    def explain() -> None:
        source.saliency(Look(look.items, look.images, look.black), classes)

    explain()  # what is computed once for all images is no part of the cost of one
    return Cost(_operations(explain) / _operations(predict), _seconds(explain) / _seconds(predict))


def _operations(work: Callable[[], None]) -> int:
    counter = _Counter()
    with counter:
        work()
    return counter.total


class _Counter(TorchDispatchMode):
    """Counts the arithmetic of convolutions, matrix products and attention, backward too.

    PyTorch's own `FlopCounterMode` also tracks modules, and so refuses `autograd.grad`.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)
        if count is not None:
            self.total += int(count(*args, **(kwargs or {}), out_val=result))
        return result


def _seconds(work: Callable[[], None]) -> float:
    """Return the time of one run; of several, while they are short, the quickest."""
    on_gpu = torch.cuda.is_available()
    clock = time.perf_counter if on_gpu else time.process_time
    quickest = float("inf")
    spent = 0.0
    while spent < 0.5:
        start = clock()
        work()
        if on_gpu:
            torch.cuda.synchronize()
        took = max(clock() - start, 1e-9)
        quickest, spent = min(quickest, took), spent + took
    return quickest
