"""The tables of rules: one for each way to propagate, filled by a decorator on each rule."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container
from dataclasses import dataclass
from inspect import getdoc
from typing import Any, Generic, TypeVar

import torch

from camcli.attribution.call import Arguments, Call, DeepLiftCall, Keywords, LrpCall

CallT = TypeVar("CallT", bound=Call)
Apply = Callable[[CallT], Any]
Condition = Callable[[Arguments, Keywords], bool]

# The positions of the arguments that may depend on the activation.
FIRST: Container[int] = (0,)
FIRST_TWO: Container[int] = (0, 1)
FIRST_THREE: Container[int] = (0, 1, 2)
ANY: Container[int] = range(sys.maxsize)


@dataclass(frozen=True)
class Rule(Generic[CallT]):
    """How one operation propagates.

    Attributes:
        apply: Computes the operation's result, with multipliers for derivatives.
        positions: The arguments that may depend on the activation.
        condition: Whether the rule holds for a call with such arguments; None for every call.

    """

    apply: Apply[CallT]
    positions: Container[int]
    condition: Condition | None = None

    def covers(self, active: frozenset[int], args: Arguments, kwargs: Keywords) -> bool:
        """Return whether the rule attributes to every argument that depends on the activation.

        Args:
            active: The positions of those arguments.
            args: All positional arguments.
            kwargs: The keyword arguments.

        """
        if not all(position in self.positions for position in active):
            return False
        return self.condition is None or self.condition(args, kwargs)


@dataclass(frozen=True)
class RuleRecord:
    """A rule as a row of a list.

    Attributes:
        operation: As PyTorch spells it, such as `aten.max_pool2d`.
        family: The module that the rule is in: linear, elementwise, product, ...
        summary: What the rule does, in one line.

    """

    operation: str
    family: str
    summary: str


class RuleTable(Generic[CallT]):
    """The rules of one way to propagate, by operation.

    An overload that means something else than the others of its operation has a rule of its own.
    """

    def __init__(self, refusal: str, positions: Container[int]) -> None:
        """Make an empty table.

        Args:
            refusal: The message about operations without a rule; `{operations}` lists them.
            positions: The arguments that may depend on the activation, unless a rule says
                otherwise.

        """
        self.refusal = refusal
        self._positions = positions
        self._rules: dict[Any, Rule[CallT]] = {}

    def rule(
        self,
        *operations: Any,
        positions: Container[int] | None = None,
        condition: Condition | None = None,
    ) -> Callable[[Apply[CallT]], Apply[CallT]]:
        """Return a decorator that registers a rule for operations.

        Args:
            operations: ATen operations, single overloads of them, or Python functions.
            positions: The arguments that may depend on the activation; the table's, if not given.
            condition: Whether the rule holds for a call with such arguments.

        """

        def register(apply: Apply[CallT]) -> Apply[CallT]:
            made = Rule(apply, self._positions if positions is None else positions, condition)
            for operation in operations:
                if operation in self._rules:
                    raise ValueError(f"{_name(operation)} has a rule already")
                self._rules[operation] = made
            return apply

        return register

    def rule_for(self, operation: Any) -> Rule[CallT] | None:
        """Return the rule of an ATen overload or a Python function, None where there is none."""
        found = self._rules.get(operation)
        return found or self._rules.get(getattr(operation, "overloadpacket", None))

    def records(self) -> tuple[RuleRecord, ...]:
        """Return every rule, sorted by family and operation."""
        found = [
            RuleRecord(_name(operation), _family(rule.apply), _summary(rule.apply))
            for operation, rule in self._rules.items()
        ]
        return tuple(sorted(found, key=lambda record: (record.family, record.operation)))


def aten(*names: str) -> list[Callable[..., Any]]:
    """Return the ATen operations of these names that this version of PyTorch has."""
    return [getattr(torch.ops.aten, name) for name in names if hasattr(torch.ops.aten, name)]


def _name(operation: Any) -> str:
    spelled = str(operation)
    return spelled if spelled.startswith("aten.") else f"operator.{operation.__name__}"


def _family(apply: Apply[Any]) -> str:
    return apply.__module__.rpartition(".")[2]


def _summary(apply: Apply[Any]) -> str:
    return (getdoc(apply) or "").partition("\n")[0]


DEEPLIFT: RuleTable[DeepLiftCall] = RuleTable(
    "DeepLIFT has no exact rule for {operations}, between the target layer and the scores; choose "
    "a layer behind it, or a method that works without DeepLIFT, such as grad-cam (or score-cam, "
    "which needs no gradient either)",
    positions=FIRST,
)
LRP: RuleTable[LrpCall] = RuleTable(
    "lrp-cam has no rule for {operations}, between the target layer and the scores; choose a layer "
    "behind it, or another method, such as lift-cam",
    positions=ANY,
)

rule = DEEPLIFT.rule
relevance_rule = LRP.rule
