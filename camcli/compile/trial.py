"""Which of two ways to run a trunk is faster, found out on the batches of a run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

_TURNS = 3

Runner = Callable[[Tensor], tuple[Tensor, ...]]
Output = TypeVar("Output")


class Trial:
    """Two runners that take turns at the batches of a run, until each has had a few.

    What counts is the best time of each: neighbours on the machine only ever add to a time.
    """

    def __init__(self, accustomed: Runner, newcomer: Runner) -> None:
        """Have a newcomer compared with what has been running so far."""
        self._turns = [newcomer, accustomed] * _TURNS
        self._best = {accustomed: math.inf, newcomer: math.inf}
        self._accustomed = accustomed
        self._newcomer = newcomer

    @property
    def decided(self) -> bool:
        """Whether both have had all their turns."""
        return not self._turns

    @property
    def speedup(self) -> float:
        """How many times as fast as the accustomed runner the newcomer is."""
        return self._best[self._accustomed] / self._best[self._newcomer]

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        """Have whose turn it is run a batch (B, 3, H, W); batches are to be of one size."""
        runner = self._turns.pop(0)
        outputs, seconds = timed(runner, images)
        self._best[runner] = min(self._best[runner], seconds)
        return outputs


def timed(run: Callable[[Tensor], Output], images: Tensor) -> tuple[Output, float]:
    """Run a batch, and return its output and the seconds until that was there."""
    _wait_for(images.device)
    start = time.perf_counter()
    output = run(images)
    _wait_for(images.device)
    return output, time.perf_counter() - start


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
