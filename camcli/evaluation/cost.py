"""What an explanation costs, in forward passes: arithmetic counted, and time taken."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from camcli.evaluation.image_batch import ImageBatch
from camcli.evaluation.sources.base import MapSource
from camcli.network.split import SplitNetwork
from camcli.targets.class_target import ClassTarget


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


def cost_of(
    source: MapSource, network: SplitNetwork, batch: ImageBatch, targets: Sequence[ClassTarget]
) -> Cost:
    """Measure a source on a batch from scratch, nothing shared, after a warm-up run.

    Args:
        source: What explains.
        network: What predicts, as traced.
        batch: The images.
        targets: What to explain in each.

    """

    def predict() -> None:
        with torch.no_grad():
            network.predict(batch.images)

    def explain() -> None:
        source.saliency(batch.without_probes(), targets)

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
    """Return the time of one run, the quickest of as many as fit into half a second."""
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
