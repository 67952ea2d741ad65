"""Softmax and sigmoid at the end of a network, however they are written and whatever follows them.

An ending is recognised by what it does: numbers go in where the logits would be, and what comes out
must be their probabilities. So a softmax written by hand, the exponential of a log-softmax, a
squeeze, a cast or a clamp that does not bite make no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, fx

from camcli.network.endings.appending import append, as_rows, pick_columns
from camcli.network.endings.closing import Closing
from camcli.network.endings.meaning import Probabilities

_aten = torch.ops.aten

# Rows of numbers that are tried in place of logits: close together, and as far apart as sure
# networks have them.
_SPREADS = (0.5, 2.0, 5.0, 12.0)
_TOLERANCE = 1e-5
# Comparing every number that goes in with every one that comes out takes their product of memory.
_MOST_PAIRS = 4_000_000

Columns = tuple[int, ...]
Name = Literal["softmax", "sigmoid"]

# Logits (R, M) to all probabilities that a network may return of them, (R, M) or (R, 2 M).
_PROBABILITIES: dict[Name, Callable[[Tensor], Tensor]] = {
    "softmax": lambda logits: logits.softmax(1),
    "sigmoid": lambda logits: torch.cat([logits, -logits], 1).sigmoid(),
}


@dataclass(frozen=True)
class Ending:
    """What a network does to its logits to get what it returns.

    Attributes:
        name: softmax or sigmoid.
        logs: Whether the network returns logarithms of probabilities.
        closing: The end of the network, behind the logits.
        columns: Which probability each number is that the network returns: of N logits, i < N is
            p_i, and with a sigmoid N + i is 1 - p_i.

    """

    name: Name
    logs: bool
    closing: Closing
    columns: Columns

    def returns_as(self, other: Ending) -> bool:
        """Return whether two nodes of a network would both do for its logits."""
        return (self.name, self.columns) == (other.name, other.columns)

    def undo(self) -> tuple[fx.Node, Probabilities]:
        """Return the node of the scores before it, made where there is none, and their reading."""
        undo = _before_softmax if self.name == "softmax" else _before_sigmoid
        return undo(self.closing, self.columns)


def find_ending(closings: Iterable[Closing]) -> Ending | None:
    """Return the softmax or sigmoid at the end of a network, None where there is none.

    Args:
        closings: The network's ends, the shortest first.

    """
    found: Ending | None = None
    for closing in closings:
        ending = _ending_of(closing)
        # A softmax is the same of l as of l - max l, which a softmax by hand goes through and whose
        # largest never changes: what comes before is the logit.
        if ending is not None and (found is None or ending.returns_as(found)):
            found = ending
    return found


def _trial_numbers(width: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    spreads = torch.tensor(_SPREADS)[:, None]
    return torch.randn(len(_SPREADS), width, generator=generator) * spreads


def _ending_of(closing: Closing) -> Ending | None:
    dtype: torch.dtype = closing.result.meta["val"].dtype
    if closing.width is None or closing.source is closing.result or not dtype.is_floating_point:
        return None
    numbers = _trial_numbers(closing.width)
    try:
        returned = closing(numbers.to(closing.source.meta["val"].device)).cpu()
    except Exception:  # whatever the user's forward raises for numbers that are not its own
        return None
    logs = bool((returned <= 0).all())
    own = returned.exp() if logs else returned
    tolerance = max(_TOLERANCE, 2 * torch.finfo(dtype).eps)
    for name, probabilities in _PROBABILITIES.items():
        columns = _columns_of(probabilities(numbers), own, tolerance)
        if columns is not None:
            return Ending(name, logs, closing, columns)
    return None


def _columns_of(candidates: Tensor, own: Tensor, tolerance: float) -> Columns | None:
    """Return which candidate (R, M) each of the network's (R, N) is; None if one is none."""
    count = own.shape[1]
    if candidates.shape[1] >= count and _agree(candidates[:, :count], own, tolerance):
        return tuple(range(count))
    if candidates.shape[1] * count > _MOST_PAIRS:
        return None
    gaps = (candidates[:, :, None] - own[:, None, :]).abs().amax(0)
    nearest = gaps.argmin(0)
    return tuple(nearest.tolist()) if _agree(candidates[:, nearest], own, tolerance) else None


def _agree(these: Tensor, those: Tensor, tolerance: float) -> bool:
    return bool(((these - those).abs() <= tolerance).all())


def _before_softmax(closing: Closing, columns: Columns) -> tuple[fx.Node, Probabilities]:
    """Return the scores of the columns of a softmax that the network returns, and their reading.

    All of them: the logits. One: its log-odds l_c - log Σ_{j≠c} exp l_j, whose sigmoid is
    softmax(l)_c; of two classes, the difference of the logits. Some: their log-probabilities, for
    no other scores of theirs say what the missing ones were.
    """
    module, logits = closing.module, as_rows(closing.source)
    width = logits.meta["val"].shape[1]
    if sorted(columns) == list(range(width)):
        return pick_columns(module, logits, columns), "softmax"
    if len(columns) > 1:
        logarithms = append(module.graph, _aten.log_softmax.int, logits, 1)
        return pick_columns(module, logarithms, columns), "exp"
    others = pick_columns(module, logits, tuple(c for c in range(width) if c not in columns))
    if width > 2:
        others = append(module.graph, _aten.logsumexp.default, others, [1], True)
    chosen = pick_columns(module, logits, columns)
    return append(module.graph, _aten.sub.Tensor, chosen, others), "sigmoid"


def _before_sigmoid(closing: Closing, columns: Columns) -> tuple[fx.Node, Probabilities]:
    """Return the logits of sigmoids, negated where the network returns 1 - p = sigmoid(-l)."""
    module, logits = closing.module, as_rows(closing.source)
    width = logits.meta["val"].shape[1]
    if max(columns) < width:
        return pick_columns(module, logits, columns), "sigmoid"
    negatives = append(module.graph, _aten.neg.default, logits)
    if min(columns) >= width:
        return pick_columns(module, negatives, tuple(c - width for c in columns)), "sigmoid"
    both = append(module.graph, _aten.cat.default, [logits, negatives], 1)
    return pick_columns(module, both, columns), "sigmoid"
