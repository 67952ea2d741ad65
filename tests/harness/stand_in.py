"""A second device that every machine has: it computes on the CPU, but keeps its tensors apart.

Without a GPU, nothing reveals a tensor that is made on the CPU but belongs on the network's device.
This device reveals it as a GPU would: an operation on tensors of both devices is refused, and so is
`numpy()` of a tensor that was not moved to the CPU. It has no speed, no streams and no `is_cuda`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode

_aten = torch.ops.aten
# As on a GPU, these accept tensors of both devices: copies, and indexing.
_BETWEEN_DEVICES = {_aten._to_copy.default, _aten.copy_.default, _aten.index.Tensor}
# PyTorch calls these without consulting the mode, for the tensors that it makes of numbers.
_MADE_OF_NUMBERS = {
    "empty_strided": _aten.empty_strided.default,
    "empty.memory_format": _aten.empty.memory_format,
    "copy_": _aten.copy_.default,
}
_libraries: list[torch.library.Library] = []

# PyTorch versions before autumn 2025 have no such devices.
EXISTS = hasattr(backend_registration, "_setup_privateuseone_for_python_backend")

Arguments = Sequence[Any]
Keywords = Mapping[str, Any]


class StandInTensor(Tensor):
    """A tensor on the device; `held` is the CPU tensor with its values."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> StandInTensor:
        made: StandInTensor = Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=stand_in_device(),
        )
        made.held = held
        return made

    def __repr__(self) -> str:  # type: ignore[override]
        return f"StandInTensor({self.held})"

    def tolist(self) -> Any:
        """Return its values, as a device's tensor does and a plain subclass would not."""
        return self.held.tolist()

    @classmethod
    def __torch_dispatch__(
        cls,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Arguments = (),
        kwargs: Keywords | None = None,
    ) -> Any:
        return _run(func, args, kwargs or {})


class _Mode(TorchDispatchMode):
    """Handles operations that make tensors without being given any."""

    def __torch_dispatch__(self, *call: Any) -> Any:
        return StandInTensor.__torch_dispatch__(*call)


@contextmanager
def stand_in() -> Iterator[torch.device]:
    """Provide the device, in this thread."""
    device = stand_in_device()
    with _Mode():
        yield device


@cache
def stand_in_device() -> torch.device:
    """Register the device with PyTorch, once per process."""
    backend_registration._setup_privateuseone_for_python_backend("standin")
    library = torch.library.Library("aten", "IMPL")
    for name, operation in _MADE_OF_NUMBERS.items():
        library.impl(name, partial(_run_unasked, operation), "PrivateUse1")
    _libraries.append(library)
    return torch.device("standin:0")


def _run_unasked(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return _run(func, args, kwargs)


def _run(func: Callable[..., Any], args: Arguments, kwargs: Keywords) -> Any:
    given = [leaf for leaf in pytree.tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    there = [tensor for tensor in given if isinstance(tensor, StandInTensor)]
    # A tensor without dimensions counts as a number, on any device.
    here = [t for t in given if not isinstance(t, StandInTensor) and t.dim() > 0]
    if there and here and func not in _BETWEEN_DEVICES:
        raise RuntimeError(f"{func}: tensors on two devices")
    asked = kwargs.get("device")
    stays = bool(there) if asked is None else torch.device(asked) == stand_in_device()
    if func is _aten.copy_.default:
        stays = isinstance(args[0], StandInTensor)
    brought_args, brought_kwargs = pytree.tree_map(_on_the_cpu, (args, dict(kwargs)))
    found = func(*brought_args, **brought_kwargs)
    known = {id(tensor.held): tensor for tensor in there}

    def taken_back(leaf: Any) -> Any:
        if not isinstance(leaf, Tensor) or not stays:
            return leaf
        return known[id(leaf)] if id(leaf) in known else StandInTensor(leaf)

    return pytree.tree_map(taken_back, found)


def _on_the_cpu(leaf: Any) -> Any:
    if isinstance(leaf, StandInTensor):
        return leaf.held
    return torch.device("cpu") if isinstance(leaf, torch.device) else leaf
