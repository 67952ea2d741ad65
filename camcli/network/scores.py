"""Which of a network's outputs are its scores, and what it did to its logits to get them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from camcli.errors import ModelError, suggest
from camcli.network.nodes import packet_of, shape_of

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
        place: Which leaf of the network's own output holds them.
        closing: What the network does to its logits before it returns them: nothing, or the
            softmax or sigmoid that was cut off.
        probabilities: What turns the logits into probabilities: what was cut off, else sigmoid
            for a single logit and softmax for several; none where they are explained as they are.

    """

    logits: fx.Node
    place: int
    closing: Callable[[Tensor], Tensor]
    probabilities: Probabilities

    def read(self, output: Any) -> Tensor:
        """Return the scores (B, N) in what the network itself returned."""
        scores: Tensor = pytree.tree_leaves(output)[self.place]
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
        structure: How its output node's arguments make the network's output.
        batch: The symbol of the batch size.
        wanted: The scores' key in a network that returns several tensors, such as `logits`, or a
            path such as `heads.0`; None for the only tensor of shape (B, N).
        probabilities: What turns the logits into probabilities, where that is known; with `none`,
            nothing is cut off.

    Raises:
        ModelError: No output, or more than one, can be meant; all are listed with their shapes.

    """
    (output,) = graph.find_nodes(op="output")
    leaves = list(output.args[0])
    paths, _ = pytree.tree_flatten_with_path(pytree.tree_unflatten(leaves, structure))
    tensors = {
        ".".join(map(_key, path)): place
        for place, (path, leaf) in enumerate(paths)
        if isinstance(leaf, fx.Node) and shape_of(leaf) is not None
    }
    shapes = {name: shape_of(leaves[place]) or () for name, place in tensors.items()}
    name = _chosen(shapes, batch, wanted)
    node, closing, ending = _without_ending(leaves[tensors[name]], keep=probabilities == "none")
    logits = _as_matrix(graph, node)
    classes = (shape_of(logits) or (0, 0))[1]
    found = probabilities or ending or _usual_for(classes)
    return Scores(logits, tensors[name], closing, found)


Shape = tuple[int | torch.SymInt, ...]


def _key(key: Any) -> str:
    return str(next(getattr(key, name) for name in ("key", "idx", "name") if hasattr(key, name)))


def _chosen(shapes: dict[str, Shape], batch: torch.SymInt, wanted: str | None) -> str:
    listed = ", ".join(f"{name or 'one tensor'} {_described(s)}" for name, s in shapes.items())
    if wanted is not None:
        if wanted not in shapes:
            raise ModelError(
                f"model.output: the network returns no {wanted!r}{suggest(wanted, shapes)} "
                f"(it returns {listed or 'no tensor'})"
            )
        if not _is_scores(shapes[wanted], batch):
            raise ModelError(
                f"model.output: {wanted!r} is no scores of classes (images, classes): it is "
                f"{_described(shapes[wanted])} (the network returns {listed})"
            )
        return wanted
    usable = [name for name, shape in shapes.items() if _is_scores(shape, batch)]
    if len(usable) == 1:
        return usable[0]
    if usable:
        raise ModelError(
            f"the network returns {listed}: name the scores to explain with "
            f"--set model.output=KEY, KEY one of {', '.join(usable)}"
        )
    if any(len(s) == 2 and isinstance(s[0], int) for s in shapes.values()):
        raise ModelError(
            f"the network fixes its batch size while it is traced, so images cannot be batched: "
            f"it returns {listed}. Look for len(x), int(x.shape[0]) or a view with a constant "
            "first size in its forward; x.shape[0] and -1 stay free"
        )
    raise ModelError(
        f"the network must return scores of classes (images, classes); it returns "
        f"{listed or 'no tensor'}. A network without a classification head cannot be explained"
    )


def _is_scores(shape: Shape, batch: torch.SymInt) -> bool:
    """Return whether a shape is (B, N), or (B) as single-logit heads return."""
    if len(shape) not in (1, 2) or not isinstance(shape[0], torch.SymInt):
        return False
    return bool(shape[0].node.expr == batch.node.expr) and all(
        isinstance(size, int) for size in shape[1:]
    )


def _described(shape: Shape) -> str:
    return f"({', '.join('B' if isinstance(s, torch.SymInt) else str(s) for s in shape)})"


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
