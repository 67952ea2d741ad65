"""One operation of a tail as a rule sees it: what it was called with, and how to call it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from camcli.attribution.pair import Pair

Arguments = tuple[Any, ...]
Keywords = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """An operation with its arguments.

    Attributes:
        op: The operation.
        args: Its positional arguments for the images.
        kwargs: Its keyword arguments; none of them depends on the activation.

    """

    op: Callable[..., Any]
    args: Arguments
    kwargs: Keywords

    @property
    def packet(self) -> Any:
        """The operation without its overload."""
        return getattr(self.op, "overloadpacket", self.op)

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """Return a constant argument, however it was passed."""
        if position < len(self.args):
            return self.args[position]
        return self.kwargs.get(name, default)

    def plain(self) -> Any:
        """Return the operation's own result, with its own derivatives."""
        return self.op(*self.args, **self.kwargs)

    def on(self, *args: Any) -> Any:
        """Return the operation's result with others in place of its first arguments."""
        return self.op(*args, *self.args[len(args) :], **self.kwargs)


@dataclass(frozen=True)
class DeepLiftCall(Call):
    """An operation beside itself at the reference.

    Attributes:
        reference_args: The positional arguments at the reference.
        active: The positions of the arguments that depend on the activation.
        reference: The operation's result at the reference.

    """

    reference_args: Arguments
    active: frozenset[int]
    reference: Any

    def pair(self, position: int) -> Pair:
        """Return a tensor argument beside its reference."""
        return Pair(self.args[position], self.reference_args[position])

    def number_pair(self, position: int) -> Pair:
        """Return an argument beside its reference, also where it is a plain number."""
        like = next(value for value in self.args if isinstance(value, Tensor))
        number, reference = (
            torch.as_tensor(args[position], dtype=like.dtype, device=like.device)
            for args in (self.args, self.reference_args)
        )
        return Pair(number, reference)

    def of(self, position: int) -> Callable[[Any], Any]:
        """Return the operation as a function of one argument."""

        def function(value: Any) -> Any:
            args = (*self.args[:position], value, *self.args[position + 1 :])
            return self.op(*args, **self.kwargs)

        return function


@dataclass(frozen=True)
class LrpCall(Call):
    """An operation through which relevance is propagated.

    Attributes:
        epsilon: Of the ε-rule.

    """

    epsilon: float

    @cached_property
    def carriers(self) -> list[int]:
        """The positions of the arguments that carry relevance: those that require a gradient."""
        return [position for position, value in enumerate(self.args) if _carries(value)]


def _carries(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_carries, value))
    return isinstance(value, Tensor) and value.requires_grad
