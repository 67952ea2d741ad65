"""The state of PyTorch around a computation: as camcli needs it, and afterwards as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

_SUBNORMAL = 1e-310  # of float64


@contextmanager
def own_surroundings(device: torch.device) -> Iterator[None]:
    """Compute as the command does, whatever mode the caller is in, and leave no trace.

    Gradients are enabled and autocast is not, the random numbers that the caller would draw next
    are the same as before, and numbers too small to matter count as zero.
    """
    flushed = _are_subnormals_flushed()
    devices = [device] if device.type == "cuda" else []
    try:
        with (
            torch.inference_mode(False),
            torch.enable_grad(),
            torch.autocast(device.type, enabled=False),
            torch.random.fork_rng(devices),
        ):
            torch.set_flush_denormal(True)
            yield
    finally:
        torch.set_flush_denormal(flushed)


def _are_subnormals_flushed() -> bool:
    return bool(torch.tensor(_SUBNORMAL, dtype=torch.float64) * 1 == 0)
