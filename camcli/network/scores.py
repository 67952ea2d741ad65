"""Which of a network's outputs are its scores, and what it did to its logits to get them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from camcli.network.nodes import packet_of, shape_of
from camcli.network.returned import choose_scores, tensors_of

Probabilities = Literal["softmax", "sigmoid", "none"]

_aten = torch.ops.aten
_ENDINGS: dict[Any, Probabilities] = {
    _aten.softmax: "softmax",
    _aten._softmax: "softmax",
    _aten.log_softmax: "softmax",
    _aten._log_softmax: "softmax",
    _aten.sigmoid: "sigmoid",
    _aten.log_sigmoid: "sigmoid",
}


def probabilities_of(logits: Tensor, how: Probabilities) -> Tensor:
    """Return the probabilities of logits (..., N); with `none`, they are probabilities already."""
    if how == "none":
        return logits
    return torch.sigmoid(logits) if how == "sigmoid" else logits.softmax(-1)


@dataclass(frozen=True)
class Scores:
    """The scores among what a network returns.

    Attributes:
        logits: The node of the scores before any softmax or sigmoid, (B, N).
        place: The path of the scores in what the network returns.
        closing: What the network does to its logits before it returns them: nothing, or the
            softmax or sigmoid that was cut off.
        probabilities: What turns the logits into probabilities: what was cut off, else sigmoid
            for a single logit and softmax for several; none where they are explained as they are.

    """

    logits: fx.Node
    place: str
    closing: Callable[[Tensor], Tensor]
    probabilities: Probabilities

    def read(self, output: Any) -> Tensor:
        """Return the scores (B, N) in what the network itself returned."""
        scores = tensors_of(output)[self.place]
        return scores if scores.dim() > 1 else scores[:, None]


def find_scores(
    graph: fx.Graph,
    structure: pytree.TreeSpec,
    batch: torch.SymInt,
    wanted: str | None,
    probabilities: Probabilities | None = None,
) -> Scores:
    """Find the scores of a traced network.

    Args:
        graph: Its graph.
        structure: How its output node's arguments make the network's tensors by their paths.
        batch: The symbol of the batch size.
        wanted: The scores' key in a network that returns several tensors, such as `logits`, or a
            path such as `heads.0`; None for the only tensor of shape (B, N).
        probabilities: What turns the logits into probabilities, where that is known; with `none`,
            nothing is cut off.

    Raises:
        ModelError: No output, or more than one, can be meant; all are listed with their shapes.

    """
    (output,) = graph.find_nodes(op="output")
    leaves: dict[str, fx.Node] = pytree.tree_unflatten(list(output.args[0]), structure)
    tensors = {name: leaf.meta["val"] for name, leaf in leaves.items()}
    name = choose_scores(tensors, batch, wanted)
    node, closing, ending = _without_ending(leaves[name], keep=probabilities == "none")
    logits = _as_matrix(graph, node)
    classes = (shape_of(logits) or (0, 0))[1]
    found = probabilities or ending or _usual_for(classes)
    return Scores(logits, name, closing, found)


def _as_matrix(graph: fx.Graph, node: fx.Node) -> fx.Node:
    """Return scores as (B, N), also those of a single logit that come as (B)."""
    if len(shape_of(node) or ()) == 2:
        return node
    (output,) = graph.find_nodes(op="output")
    with graph.inserting_before(output):
        column = graph.call_function(_aten.unsqueeze.default, (node, 1))
    column.meta = {**node.meta, "val": node.meta["val"].unsqueeze(1)}
    return column


def _without_ending(
    scores: fx.Node, keep: bool
) -> tuple[fx.Node, Callable[[Tensor], Tensor], Probabilities | None]:
    ending = None if keep else _ENDINGS.get(packet_of(scores))
    if ending is None:
        return scores, lambda logits: logits, None
    function: Callable[..., Tensor] = scores.target  # type: ignore[assignment]
    logits, *rest = scores.args
    assert isinstance(logits, fx.Node)
    return logits, lambda values: function(values, *rest, **scores.kwargs), ending


def _usual_for(classes: int | torch.SymInt) -> Probabilities:
    return "sigmoid" if classes == 1 else "softmax"
