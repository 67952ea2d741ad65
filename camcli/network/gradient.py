"""Whether a gradient flows from the scores to a layer, and what stops it."""

from __future__ import annotations

import torch
from torch import Tensor, fx

from camcli.network.nodes import ancestors, descendants, innermost_module, operation_name, packet_of
from camcli.network.trial import Trial

_aten = torch.ops.aten

_STOPPING = {
    _aten.detach, _aten.round, _aten.floor, _aten.ceil, _aten.trunc, _aten.sign, _aten.heaviside,
}  # fmt: skip


def gradient_of_top(trial: Trial) -> Tensor | None:
    """Return the gradient of the top scores by the activation, in its layout.

    None where no gradient reaches the activation: it is detached, rounded, or made into something
    that has no derivatives, such as the outcome of a comparison.
    """
    gradient = trial.gradient
    if gradient is None or gradient.any() or not stoppers(trial.halves.tail):
        return gradient
    return None


def places_matter(trial: Trial) -> bool:
    """Return whether the scores change when all places of the activation become zero."""
    layout, activation = trial.halves.layout, trial.activation
    empty = layout.from_maps(torch.zeros_like(layout.to_maps(activation)), activation)
    change = (trial.scores_of(empty) - trial.scores).abs().max()
    return bool(change > 1e-6 * trial.scores.abs().max())


def stoppers(tail: fx.GraphModule) -> list[str]:
    """Return the operations that let no gradient through, each with the module that it is in.

    Args:
        tail: Of a split network; the activation is its first input.

    """
    activation = next(iter(tail.graph.find_nodes(op="placeholder")))
    between = descendants([activation]) & ancestors([tail.graph.output_node()])
    differentiable, found = {activation}, dict[str, None]()
    for node in tail.graph.nodes:
        if node in between and differentiable.intersection(node.all_input_nodes):
            if _passes_gradient(node):
                differentiable.add(node)
            else:
                found[f"{operation_name(node)} (in {innermost_module(node)})"] = None
    return list(found)


def _passes_gradient(node: fx.Node) -> bool:
    if node.op == "output":
        return True
    value = node.meta.get("val")
    results = value if isinstance(value, list | tuple) else [value]
    floating = any(isinstance(one, Tensor) and one.is_floating_point() for one in results)
    return floating and packet_of(node) not in _STOPPING
