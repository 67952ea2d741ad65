"""One operation at work in the tail, and what a rule for it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from camcli.attribution.secant import Pair


@dataclass(frozen=True)
class Call:
    """One operation at work in the tail.

    Attributes:
        op: The operation.
        args: Its positional arguments for the images.
        reference_args: The same at the reference.
        kwargs: Its keyword arguments; none of them depends on the activation.
        active: The positions of the arguments that depend on the activation.
        reference: What the operation gives at the reference.

    """

    op: Callable[..., Any]
    args: tuple[Any, ...]
    reference_args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    active: frozenset[int]
    reference: Any

    @property
    def packet(self) -> Any:
        """The operation without its overload."""
        return getattr(self.op, "overloadpacket", self.op)

    def pair(self, position: int) -> Pair:
        """Return a tensor argument beside its reference."""
        return Pair(self.args[position], self.reference_args[position])

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """Return a constant argument, however it was passed."""
        if position < len(self.args):
            return self.args[position]
        return self.kwargs.get(name, default)

    def of(self, position: int) -> Callable[[Any], Any]:
        """Return the operation as a function of one argument."""

        def function(value: Any) -> Any:
            args = (*self.args[:position], value, *self.args[position + 1 :])
            return self.op(*args, **self.kwargs)

        return function


@dataclass(frozen=True)
class Rule:
    """How an operation gets its slopes.

    Attributes:
        apply: Computes the operation's output with slopes.
        positions: The arguments that may depend on the activation; None for any.
        holds: Whether the rule applies to a call with these arguments, beyond their positions.

    """

    apply: Callable[[Call], Any]
    positions: frozenset[int] | None = frozenset({0})
    holds: Callable[[tuple[Any, ...], Mapping[str, Any]], bool] = lambda _args, _kwargs: True

    def covers(
        self, active: frozenset[int], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> bool:
        """Tell whether the rule attributes to all the arguments that depend on the activation."""
        return (self.positions is None or active <= self.positions) and self.holds(args, kwargs)


Arguments = tuple[Any, ...]
Keywords = Mapping[str, Any]


def is_euclidean(args: Arguments, kwargs: Keywords) -> bool:
    """Tell whether a norm is the root of the sum of squares."""
    return (args[1] if len(args) > 1 else kwargs.get("ord", 2)) in (2, None)


def has_no_dropout(args: Arguments, kwargs: Keywords) -> bool:
    """Tell whether an attention drops nothing."""
    return not (args[4] if len(args) > 4 else kwargs.get("dropout_p", 0.0))


def does_not_round(_args: Arguments, kwargs: Keywords) -> bool:
    """Tell whether a division keeps its fractions."""
    return kwargs.get("rounding_mode") is None


def is_not_training(position: int) -> Callable[[Arguments, Keywords], bool]:
    """Return a test that the flag at a position is off."""
    return lambda args, _kwargs: not args[position]


def uses_instance_statistics(args: Arguments, _kwargs: Keywords) -> bool:
    """Tell whether a normalisation takes its statistics from its input."""
    return bool(args[5])


def has_at_most_two_operands(args: Arguments, _kwargs: Keywords) -> bool:
    """Tell whether an einsum multiplies two tensors at most."""
    return len(args[1]) <= 2
