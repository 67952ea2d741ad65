"""What DeepLIFT and LRP share: which operations they go through, by which rule, and the refusal."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import fx

from camcli.attribution.call import Arguments, Keywords
from camcli.attribution.rules import RuleTable
from camcli.errors import LayerError
from camcli.network.nodes import (
    closure,
    innermost_module,
    is_symbolic_int,
    operation_name,
    packet_of,
)

_aten = torch.ops.aten

# Operations whose results depend on their input's shape alone.
_VALUE_FREE = {
    _aten.zeros_like, _aten.ones_like, _aten.full_like, _aten.empty_like, _aten.new_zeros,
    _aten.new_ones, _aten.new_full, _aten.new_empty, _aten.fill, _aten.zero,
}  # fmt: skip

Active = Mapping[fx.Node, frozenset[int]]


def active_nodes(tail: fx.GraphModule) -> Active:
    """Return the nodes whose values depend on the activation's values, the first input of a tail.

    Returns:
        For each of them, the positions of the arguments that do so; none for the activation.

    """
    activation = next(iter(tail.graph.find_nodes(op="placeholder")))
    found = closure([activation], _value_dependents)
    return {node: _active_positions(node, found) for node in found}


def _value_dependents(node: fx.Node) -> list[fx.Node]:
    return [
        user
        for user in node.users
        if not is_symbolic_int(user) and packet_of(user) not in _VALUE_FREE
    ]


def _active_positions(node: fx.Node, active: set[fx.Node]) -> frozenset[int]:
    positions = set()
    for position, argument in enumerate(node.args):
        found: list[fx.Node] = []
        fx.node.map_arg(argument, found.append)
        if active.intersection(found):
            positions.add(position)
    return frozenset(positions)


def require_rules(tail: fx.GraphModule, active: Active, table: RuleTable[Any]) -> None:
    """Check that every operation that depends on the activation has a rule.

    Raises:
        LayerError: Naming each operation that has none, with the first module that it is in.

    """
    missing: dict[str, str] = {}
    for node in tail.graph.nodes:
        if node in active and node.op == "call_function":
            rule = table.rule_for(node.target)
            if rule is None or not rule.covers(active[node], node.args, node.kwargs):
                missing.setdefault(operation_name(node), innermost_module(node))
    if missing:
        listed = ", ".join(f"{operation} (in {module})" for operation, module in missing.items())
        raise LayerError(table.refusal.format(operations=listed))


class RuleInterpreter(fx.Interpreter):
    """Runs a tail with every operation that depends on the activation replaced by its rule.

    Attributes:
        tapped: After the run, the value of each tap.

    """

    def __init__(self, tail: fx.GraphModule, active: Active, taps: Sequence[fx.Node] = ()) -> None:
        super().__init__(tail)
        self._active = active
        self._taps = taps
        self.tapped: dict[fx.Node, Any] = {}

    def run_node(self, n: fx.Node) -> Any:
        """Run a node by its rule where it depends on the activation, else as it is."""
        if n in self._active and n.op == "call_function":
            result = self.apply_rule(n, *self.fetch_args_kwargs_from_env(n))
        else:
            result = super().run_node(n)
        if n in self._taps:
            self.tapped[n] = result
        return result

    @abstractmethod
    def apply_rule(self, node: fx.Node, args: Arguments, kwargs: Keywords) -> Any:
        """Return the result of an active operation, with multipliers for derivatives."""
