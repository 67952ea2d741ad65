"""Whether a gradient flows from the scores to a layer, and what stops it."""

from __future__ import annotations

import torch
from torch import Tensor, fx

from camcli.network.nodes import ancestors, descendants, innermost_module, operation_name, packet_of
from camcli.network.split import SplitNetwork

_aten = torch.ops.aten

_STOPPING = {
    _aten.detach, _aten.round, _aten.floor, _aten.ceil, _aten.trunc, _aten.sign, _aten.heaviside,
}  # fmt: skip


def gradient_of_top(halves: SplitNetwork, images: Tensor) -> Tensor | None:
    """Return the gradient of the top scores by the activation, in its layout.

    None where no gradient reaches the activation: it is detached, rounded, or made into something
    that has no derivatives, such as the outcome of a comparison.
    """
    with torch.no_grad():
        activation, *bypass = halves.trunk(images)
    leaf = activation.detach().requires_grad_()
    try:
        score = halves.tail(leaf, *bypass).amax(1).sum()
    except NotImplementedError:  # an operation for which PyTorch has no derivative
        return None
    if not score.requires_grad:
        return None
    gradient: Tensor
    (gradient,) = torch.autograd.grad(score, leaf)
    return gradient if gradient.any() or not stoppers(halves.tail) else None


@torch.no_grad()
def places_matter(halves: SplitNetwork, images: Tensor) -> bool:
    """Return whether the scores change when all places of the activation become zero."""
    activation, *bypass = halves.trunk(images)
    empty = halves.layout.from_maps(torch.zeros_like(halves.layout.to_maps(activation)), activation)
    scores = halves.tail(activation, *bypass)
    change = (halves.tail(empty, *bypass) - scores).abs().max()
    return bool(change > 1e-6 * scores.abs().max())


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
