"""How a device, or the machine, says that its memory ran out."""

from __future__ import annotations

import torch

# PyTorch has an exception for this on accelerators only. On a CPU it raises a plain RuntimeError,
# worded differently for a tensor that no address space could hold.
_MESSAGES = ("can't allocate memory", "Storage size calculation overflowed")


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error means that the memory of the device, or the machine, ran out."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and any(text in str(error) for text in _MESSAGES)
    )


def release_cached_memory() -> None:
    """Return to the device what PyTorch keeps of its memory for later."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
