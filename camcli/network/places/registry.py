"""The table of rules: how each operation passes places on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Places = Tensor | tuple[Tensor, ...]


@dataclass(frozen=True)
class Call:
    """One operation of the graph, with places where it takes tensors.

    Attributes:
        operation: The overload that is called.
        arguments: By name, as the operation's schema has them, defaults included; a tensor is its
            places, a number is itself for one image.
        shapes: Of each result, for one image.
        value: Computes the tensor that an argument holds, None where it depends on the image.

    """

    operation: torch._ops.OpOverload
    arguments: dict[str, Any]
    shapes: tuple[tuple[int, ...], ...]
    value: Callable[[str], Any]

    @property
    def input(self) -> Tensor:
        """The places of the first argument."""
        first: Tensor = next(iter(self.arguments.values()))
        return first

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the first result."""
        return self.shapes[0]

    def operands(self) -> list[Tensor]:
        """Return the places of all tensors among the arguments, lists taken apart."""
        found: list[Tensor] = []
        for argument in self.arguments.values():
            several = argument if isinstance(argument, list | tuple) else [argument]
            found += [one for one in several if isinstance(one, Tensor)]
        return found


Rule = Callable[[Call], Places | None]
"""Returns the places of the results, None where they cannot be told."""

RULES: dict[Any, Rule] = {}


def rule(*packets: Any) -> Callable[[Rule], Rule]:
    """Register a rule for operations; those that this version of PyTorch lacks are None."""

    def register(function: Rule) -> Rule:
        RULES.update({packet: function for packet in packets if packet is not None})
        return function

    return register


def named(*names: str) -> list[Any]:
    """Return ATen's operations of these names, those left out that PyTorch does not have."""
    return [getattr(torch.ops.aten, name) for name in names if hasattr(torch.ops.aten, name)]
