"""What an explained score is, and how it becomes a probability."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log
from typing import Literal

import torch
from torch import Tensor

from camcli.records import ScoreKind

Probabilities = Literal["softmax", "sigmoid", "exp", "identity", "none"]
"""What turns explained scores into probabilities; `none`: nothing does."""


@dataclass(frozen=True)
class _Meaning:
    """One way to read scores.

    Attributes:
        kind: What a score is.
        probabilities: Scores (..., N) to probabilities (..., N).
        even: The score of a class that is as likely as not, None where scores do not say.

    """

    kind: ScoreKind
    probabilities: Callable[[Tensor], Tensor]
    even: float | None


def _unchanged(scores: Tensor) -> Tensor:
    return scores


_MEANINGS: dict[Probabilities, _Meaning] = {
    "softmax": _Meaning("logit", lambda scores: scores.softmax(-1), 0.0),
    "sigmoid": _Meaning("logit", torch.sigmoid, 0.0),
    "exp": _Meaning("log-probability", torch.exp, log(0.5)),
    "identity": _Meaning("probability", _unchanged, 0.5),
    "none": _Meaning("value", _unchanged, None),
}


def probabilities_of(scores: Tensor, how: Probabilities) -> Tensor:
    """Return the probabilities of scores (..., N); with `none`, the scores themselves."""
    return _MEANINGS[how].probabilities(scores)


def kind_of(how: Probabilities) -> ScoreKind:
    """Return what scores are that become probabilities in this way."""
    return _MEANINGS[how].kind


def even_score(how: Probabilities) -> float | None:
    """Return the score above which a class is called positive, None where none is."""
    return _MEANINGS[how].even
