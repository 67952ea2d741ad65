"""DeepLIFT through a tail: a pass at the reference, then one that gives operations multipliers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, fx

from camcli.attribution.call import Arguments, DeepLiftCall, Keywords
from camcli.attribution.pair import Pair
from camcli.attribution.propagation import Active, RuleInterpreter, active_nodes, require_rules
from camcli.attribution.rules import DEEPLIFT
from camcli.network.nodes import shape_of


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

    Attributes:
        reference_passes: How often the tail has run at the reference.

    """

    def __init__(self, tail: fx.GraphModule, taps: Sequence[fx.Node] = ()) -> None:
        """Prepare a tail `(activation, *bypass) -> logits`.

        Args:
            tail: The tail.
            taps: Nodes of it whose values are wanted as well.

        Raises:
            LayerError: An operation that depends on the activation has no rule; named with its
                module.

        """
        self._tail = tail
        self._taps = taps
        activation, *bypass = tail.graph.find_nodes(op="placeholder")
        self._active = active_nodes(tail)
        require_rules(tail, self._active, DEEPLIFT)
        self._batch_dim = _batch_dim(activation)
        self._bypassed = bool(bypass)
        self._folds_batch = any(_folds_batch(node) for node in self._active)
        self._references: dict[int, _Values] = {}
        self.reference_passes = 0

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
        interpreter = _MultiplierInterpreter(self._tail, self._active, reference, self._taps)
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
    """Runs the tail as it is, and keeps the values of its active nodes."""

    def __init__(self, tail: fx.GraphModule, active: Active) -> None:
        super().__init__(tail)
        self._active = active
        self.values: _Values = {}

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        if n in self._active:
            self.values[n] = result
        return result


class _MultiplierInterpreter(RuleInterpreter):
    """Runs the tail with every active operation replaced by its DeepLIFT rule."""

    def __init__(
        self, tail: fx.GraphModule, active: Active, reference: _Values, taps: Sequence[fx.Node]
    ) -> None:
        super().__init__(tail, active, taps)
        self._reference = reference

    def apply_rule(self, node: fx.Node, args: Arguments, kwargs: Keywords) -> Any:
        rule = DEEPLIFT.rule_for(node.target)
        assert rule is not None
        call = DeepLiftCall(
            op=node.target,  # type: ignore[arg-type]
            args=args,
            kwargs=kwargs,
            reference_args=self._reference_args(node),
            active=self._active[node],
            reference=self._reference[node],
        )
        return rule.apply(call)

    def _reference_args(self, node: fx.Node) -> Arguments:
        return fx.node.map_arg(node.args, lambda n: self._reference.get(n, self.env.get(n)))


def _batch_dim(activation: fx.Node) -> int:
    sizes = shape_of(activation) or ()
    return next((dim for dim, size in enumerate(sizes) if isinstance(size, torch.SymInt)), 0)


def _folds_batch(node: fx.Node) -> bool:
    """Return whether a tensor has a size that is not the batch itself but grows with it."""
    sizes = [size for size in shape_of(node) or () if isinstance(size, torch.SymInt)]
    return any(not size.node.expr.is_Symbol for size in sizes)
