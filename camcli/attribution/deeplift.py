"""DeepLIFT through a tail: an interpreter that gives every operation its slopes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, fx

from camcli.attribution.call import Call
from camcli.attribution.rules import rule_for
from camcli.attribution.secant import Pair
from camcli.errors import LayerError
from camcli.network.nodes import (
    closure,
    innermost_module,
    is_symbolic_int,
    operation_name,
    packet_of,
    shape_of,
)


class DeepLift:
    """The tail of a network as a function whose derivatives are DeepLIFT's multipliers.

    Calling it gives the tail's own logits; differentiating a logit F with respect to the activation
    A gives the multipliers m of F(A) - F(A₀) = Σ m (A - A₀), with the reference A₀ = 0. With that
    reference the contributions are C = m A.

    The pass at the reference is the same for every image: it runs once, with a batch of one. Only
    where tensors bypass the cut, or the tail folds the batch into another dimension (windowed
    attention), does it run with the images, and in the second case once for each batch size.

    Reference: Jung and Oh, "Towards Better Explanations of Class Activation Mapping", ICCV 2021,
    arXiv 2102.05228, section 3.3.
    """

    def __init__(self, tail: fx.GraphModule, taps: Sequence[fx.Node] = ()) -> None:
        """Prepare a tail `(activation, *bypass) -> logits`.

        Args:
            tail: The tail.
            taps: Nodes of it whose values are wanted, too.

        Raises:
            LayerError: An operation that depends on the activation has no rule; named with its
                module.

        """
        self._tail = tail
        self._taps = taps
        activation, *bypass = (node for node in tail.graph.nodes if node.op == "placeholder")
        self._active = value_dependents(activation)
        self._batch_dim = _batch_dim(activation)
        self._bypassed = bool(bypass)
        self._folds_batch = any(_folds_batch(node) for node in self._active)
        self._references: dict[int, _Values] = {}
        self.reference_passes = 0
        _refuse_unruled(tail.graph, self._active)

    def __call__(self, activation: Tensor, *bypass: Tensor) -> Tensor:
        """Return the logits (B, N), whose derivatives are the multipliers.

        Args:
            activation: The tail's first input; differentiate with respect to it.
            bypass: Its other inputs, constants.

        """
        return self.with_taps(activation, *bypass)[0]

    def with_taps(self, activation: Tensor, *bypass: Tensor) -> tuple[Tensor, tuple[Pair, ...]]:
        """Return the logits, and each tap's value beside its reference.

        Differentiate the logits with respect to a tap's value for the multipliers there.
        """
        reference = self._reference(activation, bypass)
        interpreter = _SlopeInterpreter(self._tail, self._active, reference, self._taps)
        logits: Tensor = interpreter.run(activation, *bypass)
        pairs = (Pair(interpreter.tapped[node], reference[node]) for node in self._taps)
        return logits, tuple(pairs)

    def logits_at_reference(self, activation: Tensor, *bypass: Tensor) -> Tensor:
        """Return F(A₀), (1, N) or (B, N), for activations like the one given."""
        output = next(iter(self._tail.graph.find_nodes(op="output")))
        logits: Tensor = self._reference(activation, bypass)[output.args[0]]
        return logits

    def _reference(self, activation: Tensor, bypass: Sequence[Tensor]) -> _Values:
        if self._bypassed:
            return self._run_reference(activation, bypass)
        batch = activation.shape[self._batch_dim] if self._folds_batch else 1
        if batch not in self._references:
            like = activation.narrow(self._batch_dim, 0, batch)
            self._references[batch] = self._run_reference(like, bypass)
        return self._references[batch]

    @torch.no_grad()
    def _run_reference(self, like: Tensor, bypass: Sequence[Tensor]) -> _Values:
        self.reference_passes += 1
        interpreter = _Recorder(self._tail, self._active)
        interpreter.run(torch.zeros_like(like), *bypass)
        return interpreter.values


_Values = dict[fx.Node, Any]


class _Recorder(fx.Interpreter):
    """Runs the tail as it is, and keeps what its active nodes give."""

    def __init__(self, tail: fx.GraphModule, active: set[fx.Node]) -> None:
        super().__init__(tail)
        self._active = active
        self.values: _Values = {}

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        if n in self._active:
            self.values[n] = result
        return result


class _SlopeInterpreter(fx.Interpreter):
    """Runs the tail with every active operation replaced by its rule."""

    def __init__(
        self,
        tail: fx.GraphModule,
        active: set[fx.Node],
        reference: _Values,
        taps: Sequence[fx.Node],
    ) -> None:
        super().__init__(tail)
        self._active = active
        self._reference = reference
        self._taps = taps
        self.tapped: _Values = {}

    def run_node(self, n: fx.Node) -> Any:
        result = self._run_by_rule(n)
        if n in self._taps:
            self.tapped[n] = result
        return result

    def _run_by_rule(self, n: fx.Node) -> Any:
        if n not in self._active or n.op != "call_function":
            return super().run_node(n)
        rule = rule_for(n.target)
        assert rule is not None
        args, kwargs = self.fetch_args_kwargs_from_env(n)
        call = Call(
            op=n.target,  # type: ignore[arg-type]
            args=args,
            reference_args=self._reference_args(n),
            kwargs=kwargs,
            active=_active_positions(n, self._active),
            reference=self._reference[n],
        )
        return rule.apply(call)

    def _reference_args(self, n: fx.Node) -> tuple[Any, ...]:
        return fx.node.map_arg(n.args, lambda node: self._reference.get(node, self.env.get(node)))


# What these give depends on their input's shape alone.
_ops = torch.ops.aten
_VALUE_FREE = {
    _ops.zeros_like, _ops.ones_like, _ops.full_like, _ops.empty_like, _ops.new_zeros,
    _ops.new_ones, _ops.new_full, _ops.new_empty, _ops.fill, _ops.zero,
}  # fmt: skip


def value_dependents(activation: fx.Node) -> set[fx.Node]:
    """Return the nodes whose values depend on the activation's values."""

    def dependents(node: fx.Node) -> list[fx.Node]:
        return [
            user
            for user in node.users
            if not is_symbolic_int(user) and packet_of(user) not in _VALUE_FREE
        ]

    return closure([activation], dependents)


def _active_positions(node: fx.Node, active: set[fx.Node]) -> frozenset[int]:
    positions = set()
    for position, argument in enumerate(node.args):
        found: list[fx.Node] = []
        fx.node.map_arg(argument, found.append)
        if active.intersection(found):
            positions.add(position)
    return frozenset(positions)


def _batch_dim(activation: fx.Node) -> int:
    sizes = shape_of(activation) or ()
    return next((dim for dim, size in enumerate(sizes) if isinstance(size, torch.SymInt)), 0)


def _folds_batch(node: fx.Node) -> bool:
    """Tell whether a tensor has a size that is not the batch itself but grows with it."""
    sizes = [size for size in shape_of(node) or () if isinstance(size, torch.SymInt)]
    return any(not size.node.expr.is_Symbol for size in sizes)


def _refuse_unruled(graph: fx.Graph, active: set[fx.Node]) -> None:
    missing: dict[str, str] = {}
    for node in graph.nodes:
        if node in active and node.op == "call_function":
            rule = rule_for(node.target)
            positions = _active_positions(node, active)
            if rule is None or not rule.covers(positions, node.args, node.kwargs):
                missing.setdefault(operation_name(node), innermost_module(node))
    if missing:
        listed = ", ".join(f"{op} (in {module})" for op, module in missing.items())
        raise LayerError(
            f"DeepLIFT has no exact rule for {listed}, between the target layer and the scores; "
            "choose a layer behind it, or a method that works without DeepLIFT, such as grad-cam"
        )
