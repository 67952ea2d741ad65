"""Where in a network an error arose."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

_NOT_THE_NETWORKS = (str(Path(torch.__file__).parent), str(Path(__file__).parent))


@dataclass(frozen=True)
class Culprit:
    """What a traceback says of an error in a network's forward.

    Attributes:
        kind: The error's class, such as `RuntimeError`.
        reason: The first line of its message.
        place: ` in MODULE (FILE, line N)`, the innermost of the network's own code, or nothing.
        module: The innermost module that was running, PyTorch's own included; None if none was.
        shape: Of the tensor that it was given, None where that is not known.

    """

    kind: str
    reason: str
    place: str
    module: nn.Module | None
    shape: tuple[int, ...] | None


def culprit_of(error: Exception, network: nn.Module) -> Culprit:
    """Find where an error arose."""
    names = {
        id(module): name or "the network's own forward" for name, module in network.named_modules()
    }
    place, innermost, shape = "", None, None
    for frame, line in traceback.walk_tb(error.__traceback__):
        module = frame.f_locals.get(next(iter(frame.f_code.co_varnames), ""))  # `self`
        if id(module) not in names:
            continue
        if frame.f_code.co_name == "forward":
            innermost, shape = module, _shape_given(dict(frame.f_locals))
        file = frame.f_code.co_filename
        if not file.startswith(_NOT_THE_NETWORKS):
            place = f" in {names[id(module)]} ({file}, line {line})"
    return Culprit(type(error).__name__, _first_line(error), place, innermost, shape)


def _shape_given(local: dict[str, object]) -> tuple[int, ...] | None:
    given = local.get("input")  # as PyTorch's own modules call it
    return tuple(given.shape) if isinstance(given, Tensor) else None


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
