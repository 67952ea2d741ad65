"""A compiled library for CPUs, its weights moved to where a cache line begins.

A library that Inductor makes copies its weights to memory from `malloc` (`RAII_cpuMalloc` in
PyTorch's `aoti_runtime/model_base.h`), which promises a multiple of 16 bytes only. On a processor
with AMX, a row of a tile of weights then lies in two cache lines, and a ResNet-50 in bfloat16 took
8.1 ms an image instead of 5.1 (docs/results/performance.md). Inductor has no option for it, but a
library takes other weights while it is loaded, and PyTorch's own tensors begin at multiples of 64
bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor


class AlignedLibrary:
    """Runs a compiled library on a CPU: one batch in, as many tensors out as the trunk has."""

    def __init__(self, library: Path) -> None:
        """Load a library, and give it copies of its weights that are aligned.

        Its own are freed: there are two copies only in the meantime.

        Raises:
            RuntimeError: The library is broken, cannot be loaded from this file system, or does
                not name its weights.
            AttributeError, TypeError: This PyTorch cannot exchange the weights of a library.
        """
        self._runner: Any = torch._C._aoti.AOTIModelContainerRunnerCpu(str(library), 1)
        # The library keeps pointers to these.
        self._weights = self._aligned_copies()
        self._runner.update_constant_buffer(self._weights, True, True, True)
        self._runner.swap_constant_buffer()
        self._runner.free_inactive_constant_buffer()

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        """Run the library on what it was compiled for."""
        return tuple(self._runner.run([images]))

    def _aligned_copies(self) -> dict[str, Tensor]:
        """Return copies of all weights, by the names that the library takes them under.

        Raises:
            RuntimeError: One cannot be told from another, and would go on pointing to freed memory.
        """
        weights: dict[str, Tensor] = self._runner.extract_constants_map(False)
        originals: dict[str, str] = self._runner.get_constant_names_to_original_fqns()
        if sorted(originals.values()) != sorted(weights):
            raise RuntimeError("the compiled library has several weights of one name")
        return {name: aligned_copy(weights[original]) for name, original in originals.items()}


def aligned_copy(weight: Tensor) -> Tensor:
    """Return a copy with the same strides, or the same blocks in oneDNN's own layout.

    Compiled code relies on them, and `clone` would close the gaps of a view.
    """
    if weight.is_mkldnn:
        return weight.clone()
    storage = weight.untyped_storage().clone()
    copy = torch.empty(0, dtype=weight.dtype)
    return copy.set_(storage, weight.storage_offset(), weight.shape, weight.stride())


def address(weight: Tensor) -> int:
    """Return where in memory a weight begins, in whichever layout."""
    return int(torch.ops.mkldnn.data_ptr(weight)) if weight.is_mkldnn else weight.data_ptr()
