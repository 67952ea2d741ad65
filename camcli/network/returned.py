"""What a network returns: its tensors by name, and which of them the scores are."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from camcli.errors import ModelError, suggest

Shape = tuple[int | torch.SymInt, ...]


def tensors_of(output: Any) -> dict[str, Tensor]:
    """Return the tensors in what a network returned, each under its path, such as `heads.0`.

    Mappings, the outputs of transformers among them, give keys; named tuples and dataclasses give
    fields, lists and tuples positions from 0. A tensor on its own has an empty path. What is no
    tensor, such as a loss of None, is left out.
    """
    return {".".join(path): tensor for path, tensor in _leaves(output, ())}


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Tensor]]:
    if isinstance(value, Tensor):
        yield path, value
        return
    for name, child in _children(value):
        yield from _leaves(child, (*path, name))


def _children(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [(str(key), child) for key, child in value.items()]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return list(zip(value._fields, value, strict=True))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [(f.name, getattr(value, f.name, None)) for f in dataclasses.fields(value)]
    if isinstance(value, list | tuple):
        return [(str(place), child) for place, child in enumerate(value)]
    if type(value) in pytree.SUPPORTED_NODES:  # of a library that says how it is taken apart
        children, _ = pytree.SUPPORTED_NODES[type(value)].flatten_fn(value)
        return [(str(place), child) for place, child in enumerate(children)]
    return []


def choose_scores(shapes: Mapping[str, Shape], batch: torch.SymInt, wanted: str | None) -> str:
    """Return the path of the scores among a network's tensors.

    Args:
        shapes: Of each, by its path.
        batch: The symbol of the batch size.
        wanted: What `model.output` says; None for the only tensor of shape (B, N).

    Raises:
        ModelError: None, or more than one, can be meant; all are listed with their shapes.

    """
    listed = ", ".join(f"{name or 'one tensor'} {_described(s)}" for name, s in shapes.items())
    if wanted is not None:
        return _checked(wanted, shapes, batch, listed)
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
        f"the network must return scores of classes (images, classes); it returns {listed}. "
        "A network without a classification head cannot be explained"
    )


def _checked(wanted: str, shapes: Mapping[str, Shape], batch: torch.SymInt, listed: str) -> str:
    if wanted not in shapes:
        raise ModelError(
            f"model.output: the network returns no {wanted!r}{suggest(wanted, shapes)} "
            f"(it returns {listed})"
        )
    if not _is_scores(shapes[wanted], batch):
        raise ModelError(
            f"model.output: {wanted!r} is no scores of classes (images, classes): it is "
            f"{_described(shapes[wanted])} (the network returns {listed})"
        )
    return wanted


def _is_scores(shape: Shape, batch: torch.SymInt) -> bool:
    """Return whether a shape is (B, N), or (B) as single-logit heads return."""
    if len(shape) not in (1, 2) or not isinstance(shape[0], torch.SymInt):
        return False
    return bool(shape[0].node.expr == batch.node.expr) and all(
        isinstance(size, int) for size in shape[1:]
    )


def _described(shape: Shape) -> str:
    return f"({', '.join('B' if isinstance(s, torch.SymInt) else str(s) for s in shape)})"
