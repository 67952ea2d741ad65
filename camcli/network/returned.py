"""What a network returns: its tensors by name, and which of them the scores are."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from camcli.errors import ModelError, suggest


def tensors_of(output: Any) -> dict[str, Tensor]:
    """Return the tensors in what a network returned, each under its path, such as `heads.0`.

    Mappings, the outputs of transformers among them, give keys; named tuples and dataclasses give
    fields, lists and tuples positions from 0. A tensor on its own has an empty path. What is no
    tensor, such as a loss of None, is left out.

    Raises:
        ModelError: There is no tensor in it.

    """
    found = {".".join(path): tensor for path, tensor in _leaves(output, ())}
    if not found:
        raise ModelError(
            f"the network returns a {type(output).__name__}, in which camcli finds no tensor: it "
            "looks into dicts, lists, tuples and dataclasses"
        )
    return found


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Tensor]]:
    if isinstance(value, Tensor):
        yield path, value
        return
    for name, child in _children(value):
        yield from _leaves(child, (*path, name))


def _children(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, SimpleNamespace):
        value = vars(value)
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


def choose_scores(tensors: Mapping[str, Tensor], batch: torch.SymInt, wanted: str | None) -> str:
    """Return the path of the scores among a network's tensors.

    Args:
        tensors: By their paths, as they were traced.
        batch: The symbol of the batch size.
        wanted: What `model.output` says; None for the only one of shape (B, N).

    Raises:
        ModelError: None, or more than one, can be meant; all are listed with their shapes.

    """
    listed = ", ".join(f"{name or 'one tensor'} {_described(t)}" for name, t in tensors.items())
    if wanted is not None:
        return _checked(wanted, tensors, batch, listed)
    usable = [name for name, tensor in tensors.items() if _is_scores(tensor, batch)]
    if len(usable) == 1:
        return usable[0]
    if usable:
        raise ModelError(
            f"the network returns {listed}: name the scores to explain with "
            f"--set model.output=KEY, KEY one of {', '.join(usable)}"
        )
    if any(t.dim() == 2 and isinstance(_sizes(t)[0], int) for t in tensors.values()):
        raise ModelError(
            f"the network fixes its batch size while it is traced, so images cannot be batched: "
            f"it returns {listed}. Look for len(x), int(x.shape[0]) or a view with a constant "
            "first size in its forward; x.shape[0] and -1 stay free"
        )
    if any(tensor.is_complex() for tensor in tensors.values()):
        raise ModelError(
            f"the network returns complex numbers ({listed}), of which none is the larger: let it "
            "return real scores, such as their magnitudes by abs()"
        )
    if not any(tensor.is_floating_point() for tensor in tensors.values()):
        raise ModelError(
            f"the network returns whole numbers, such as the class that it decides for ({listed}): "
            "let it return the scores that it decides by"
        )
    raise ModelError(
        f"the network must return scores of classes (images, classes); it returns {listed}"
        f"{_advice(tensors)}"
    )


_ADVICE = {
    3: ". Several numbers a class are made one by the network, (B, N, 2) by [..., 1]; tokens of a "
    "network without a classification head cannot be explained",
    4: ". Scores of every place are made those of the image by mean((2, 3)); feature maps of a "
    "network without a classification head cannot be explained",
}
"""What to do about scores of so many dimensions."""


def _advice(tensors: Mapping[str, Tensor]) -> str:
    dimensions = {tensor.dim() for tensor in tensors.values()}
    shared = dimensions.pop() if len(dimensions) == 1 else 0
    return _ADVICE.get(shared, ". A network without a classification head cannot be explained")


def _checked(wanted: str, tensors: Mapping[str, Tensor], batch: torch.SymInt, listed: str) -> str:
    if wanted not in tensors:
        raise ModelError(
            f"model.output: the network returns no {wanted!r}{suggest(wanted, tensors)} "
            f"(it returns {listed})"
        )
    if not _is_scores(tensors[wanted], batch):
        raise ModelError(
            f"model.output: {wanted!r} is no scores of classes (images, classes): it is "
            f"{_described(tensors[wanted])} (the network returns {listed})"
        )
    return wanted


def _is_scores(tensor: Tensor, batch: torch.SymInt) -> bool:
    """Return whether a tensor is (B, N), (B) as single-logit heads return, or (B, N, 1, 1)."""
    if tensor.dim() == 0 or not tensor.is_floating_point():
        return False
    first, *others = _sizes(tensor)
    return (
        isinstance(first, torch.SymInt)
        and bool(first.node.expr == batch.node.expr)
        and all(isinstance(size, int) for size in others)
        and all(size == 1 for size in others[1:])
    )


def _described(tensor: Tensor) -> str:
    sizes = ", ".join("B" if isinstance(s, torch.SymInt) else str(s) for s in _sizes(tensor))
    kind = "" if tensor.is_floating_point() else f" {str(tensor.dtype).removeprefix('torch.')}"
    return f"({sizes}){kind}"


def _sizes(tensor: Tensor) -> tuple[int | torch.SymInt, ...]:
    return tuple(tensor.shape)
