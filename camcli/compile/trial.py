"""Which of two ways to run a trunk is faster, measured on the batches of a run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

_BATCHES_EACH = 3

Runner = Callable[[Tensor], tuple[Tensor, ...]]
Output = TypeVar("Output")


class Trial:
    """Two runners that take turns at the batches of a run, until each has had a few.

    The best time of each counts: other processes on the machine only ever add to a time.
    """

    def __init__(self, baseline: Runner, candidate: Runner) -> None:
        """Compare a candidate with what has been running so far."""
        self._turns = [candidate, baseline] * _BATCHES_EACH
        self._best = {baseline: math.inf, candidate: math.inf}
        self._baseline = baseline
        self._candidate = candidate

    @property
    def decided(self) -> bool:
        """Whether both have had all their turns."""
        return not self._turns

    @property
    def speedup(self) -> float:
        """The best time of the baseline over the best time of the candidate."""
        return self._best[self._baseline] / self._best[self._candidate]

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        """Run a batch (B, 3, H, W) with the next in turn; batches are to be of one size."""
        runner = self._turns.pop(0)
        outputs, seconds = timed(runner, images)
        self._best[runner] = min(self._best[runner], seconds)
        return outputs


def timed(run: Callable[[Tensor], Output], images: Tensor) -> tuple[Output, float]:
    """Run a batch, and return its output and the seconds until the device had finished it."""
    _wait_for(images.device)
    start = time.perf_counter()
    output = run(images)
    _wait_for(images.device)
    return output, time.perf_counter() - start


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
