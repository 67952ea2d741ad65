"""Run a network in float32 whatever precision its forward asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

HALVES = frozenset({torch.float16, torch.bfloat16})
"""Precisions in which contributions would no longer add up."""

_CASTS = {
    torch.float16: Tensor.half,
    torch.bfloat16: Tensor.bfloat16,
    torch.float64: Tensor.double,
}


def names_of(dtypes: Iterable[torch.dtype]) -> tuple[str, ...]:
    """Return the names of some dtypes, such as `float16`, in order."""
    return tuple(sorted(str(dtype).removeprefix("torch.") for dtype in dtypes))


class InSinglePrecision(TorchFunctionMode):
    """Inside, casts to some dtypes are casts to float32, and `torch.autocast` does nothing.

    Attributes:
        met: The dtypes that were asked for and replaced.

    """

    def __init__(self, replaced: Iterable[torch.dtype], device: torch.device) -> None:
        """Take the dtypes to replace, and where the network is."""
        super().__init__()
        self._replaced = frozenset(replaced)
        self._casts = {_CASTS[dtype]: dtype for dtype in self._replaced}
        self._device = device.type
        self.met: set[torch.dtype] = set()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a function with float32 in place of what is replaced."""
        if torch.is_autocast_enabled(self._device):
            self.met.add(torch.get_autocast_dtype(self._device))
        if func in self._casts:
            self.met.add(self._casts[func])
            func = Tensor.float
        elif func is not Tensor.view:  # which reads the bits anew where it is given a dtype
            args = [self._in_single(value) for value in args]
            kwargs = {name: self._in_single(value) for name, value in (kwargs or {}).items()}
        # Not `torch.autocast(enabled=False)`: the exporter would make each call a region.
        with torch._C._DisableAutocast():
            return func(*args, **(kwargs or {}))

    def _in_single(self, value: Any) -> Any:
        if isinstance(value, torch.dtype) and value in self._replaced:
            self.met.add(value)
            return torch.float32
        return value
