"""Which of a network's outputs are its scores, and what it did to its logits to get them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from camcli.errors import CamcliWarning, ModelError
from camcli.network.endings.appending import as_rows
from camcli.network.endings.closing import closings
from camcli.network.endings.ending import Ending, find_ending
from camcli.network.endings.meaning import Probabilities, kind_of, probabilities_of
from camcli.network.endings.numbers import Numbers
from camcli.network.returned import choose_scores, tensors_of


@dataclass(frozen=True)
class Scores:
    """The scores among what a network returns.

    Attributes:
        logits: The node of the scores that are explained, (B, N): the logits before any
            softmax or sigmoid, or what the network returns where there is none to undo.
        place: The path, in what the network itself returns, of what it made of them.
        probabilities: What turns them into probabilities: the network's own ending where it has
            one and nobody said otherwise, else sigmoid for a single logit and softmax for several.
        own: What the network itself does to them before it returns them; `none`: nothing.
        logs: Whether it returns the logarithm of that.

    """

    logits: fx.Node
    place: str
    probabilities: Probabilities
    own: Probabilities = "none"
    logs: bool = False

    def read(self, output: Any) -> Tensor:
        """Return what the network itself returned, (B, N), without a logarithm that was cut off."""
        scores = _rows(tensors_of(output)[self.place])
        return scores.exp() if self.logs else scores

    def closing(self, scores: Tensor) -> Tensor:
        """Return the same from the explained scores (B, N)."""
        return probabilities_of(scores, self.own)


def find_scores(
    module: fx.GraphModule,
    structure: pytree.TreeSpec,
    outputs: Mapping[str, Tensor],
    wanted: str | None,
    probabilities: Probabilities | None = None,
) -> Scores:
    """Find the scores of a traced network.

    Args:
        module: The network as a graph.
        structure: How its output node's arguments make the network's tensors by their paths.
        outputs: The network's tensors for a few images, by their paths.
        wanted: The scores' key in a network that returns several tensors, such as `logits`, or a
            path such as `heads.0`; None for the only tensor of shape (B, N).
        probabilities: What turns the explained scores into probabilities, where that is known;
            with `none`, what the network returns is explained as it is.

    Raises:
        ModelError: No output, or more than one, can be meant; all are listed with their shapes. Or
            a softmax is asked for over a single score.

    """
    image = next(node for node in module.graph.nodes if node.op == "placeholder")
    batch: torch.SymInt = image.meta["val"].shape[0]
    node, place = _chosen_output(module.graph, structure, batch, wanted)
    numbers = Numbers(module, node, _rows(outputs[place]))
    ending = find_ending(closings(module, image, batch, node))
    _require_another(probabilities, numbers, ending)
    if probabilities == "none":
        return Scores(as_rows(node), place, _reading_as_returned(ending, numbers))
    if ending is None:
        return Scores(as_rows(node), place, _reading_without_ending(numbers, probabilities))
    logits, own = ending.undo()
    if probabilities is None and own == "softmax" and numbers.count == 1:
        _warn(
            "the network itself ends in a softmax over a single score, which is 1 for every image: "
            "the score before it is explained. Set model.probabilities to sigmoid if it is the "
            "logit of one class"
        )
    if probabilities not in (None, own, ending.name):
        _warn(
            f"the network itself ends in a {ending.name}; model.probabilities says "
            f"{probabilities}, so the probabilities written are not those that it returns"
        )
        return Scores(logits, place, probabilities, own, ending.logs)
    return Scores(logits, place, own, own, ending.logs)


def _require_another(asked: Probabilities | None, numbers: Numbers, ending: Ending | None) -> None:
    """Refuse a softmax over a single score, unless it is one of several in the network itself."""
    own = ending is not None and ending.name == "softmax" and ending.closing.width != 1
    if asked == "softmax" and numbers.count == 1 and not own:
        raise ModelError(
            "model.probabilities is softmax, which is 1 for every image where there is but one "
            "score: set it to sigmoid if that is the logit of one class against another, else to "
            "none"
        )


def _reading_as_returned(ending: Ending | None, numbers: Numbers) -> Probabilities:
    """Return how what the network returns becomes probabilities, `none` where nothing says so."""
    if ending is not None:
        return "exp" if ending.logs else "identity"
    return numbers.reading or "none"


def _reading_without_ending(numbers: Numbers, asked: Probabilities | None) -> Probabilities:
    """Return how scores become probabilities that the graph does not take back to logits."""
    found = numbers.reading
    if asked is not None:
        if found not in (None, "none"):
            _warn(
                f"the network returns scores that are a {kind_of(found)} each already; "
                f"model.probabilities takes them for logits and puts a {asked} on them"
            )
        return asked
    if found == "none":
        _warn(
            f"{_not_logits(numbers)}: rows have no probability (score_kind: value). Should they be "
            "logits, set model.probabilities to softmax or sigmoid"
        )
        return found
    if found is not None:
        _warn(
            "what the network returns cannot be taken back to logits: it is explained as the "
            f"number it is, a {kind_of(found)} (score_kind in each row)"
        )
        return found
    return "sigmoid" if numbers.count == 1 else "softmax"


def _not_logits(numbers: Numbers) -> str:
    """Return what keeps scores from being taken for logits, and for probabilities."""
    if numbers.may_be_probabilities:
        return (
            "the network's scores lie in [0, 1] for images of noise, and its operations do not "
            "say whether they always do, so they may be probabilities or not"
        )
    return (
        "the network's scores are bounded, or add up to the same number for every image, so they "
        "are no logits, and nothing says how they become probabilities"
    )


def _rows(scores: Tensor) -> Tensor:
    """Return scores as (B, N); those of one image may have lost both axes in a squeeze."""
    return scores.reshape(scores.shape[0] if scores.dim() else 1, -1)


def _warn(message: str) -> None:
    warnings.warn(message, CamcliWarning, stacklevel=2)


def _chosen_output(
    graph: fx.Graph, structure: pytree.TreeSpec, batch: torch.SymInt, wanted: str | None
) -> tuple[fx.Node, str]:
    """Return the node of the output that holds the scores, and the path of it."""
    (output,) = graph.find_nodes(op="output")
    leaves: dict[str, fx.Node] = pytree.tree_unflatten(list(output.args[0]), structure)
    place = choose_scores({name: leaf.meta["val"] for name, leaf in leaves.items()}, batch, wanted)
    return leaves[place], place
