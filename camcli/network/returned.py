"""What a network returns: its tensors by name, and which of them the scores are."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from camcli.errors import ModelError, suggest
from camcli.network.no_scores import is_of_images, why_no_scores


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
        wanted: What `model.output` says; None for the only one of shape (B, N), or else for the
            only one that further axes of length 1 keep from that.

    Raises:
        ModelError: None, or more than one, can be meant; all are listed with their shapes.

    """
    listed = ", ".join(
        f"{name or 'one tensor'} {_described(t, batch)}" for name, t in tensors.items()
    )
    if wanted is not None:
        return _checked(wanted, tensors, batch, listed)
    usable = [name for name, tensor in tensors.items() if _is_scores(tensor, batch)] or [
        name for name, tensor in tensors.items() if _is_scores(tensor, batch, with_ones=True)
    ]
    if len(usable) == 1:
        return usable[0]
    if usable:
        raise ModelError(
            f"the network returns {listed}: name the scores to explain with "
            f"--set model.output=KEY, KEY one of {', '.join(usable)}"
        )
    raise ModelError(
        f"the network must return scores of classes (images, classes), and returns {listed}. "
        f"{_reasons(tensors, batch)}"
    )


def _reasons(tensors: Mapping[str, Tensor], batch: torch.SymInt) -> str:
    """Return why none of some tensors is scores, each reason once with the tensors it is of."""
    names = defaultdict[str, list[str]](list)
    for name, tensor in tensors.items():
        names[why_no_scores(tensor, batch)].append(name)
    if len(names) == 1:
        (reason,) = names
        return f"{reason[0].upper()}{reason[1:]}"
    return "; ".join(f"{', '.join(those)}: {reason}" for reason, those in names.items())


def _checked(wanted: str, tensors: Mapping[str, Tensor], batch: torch.SymInt, listed: str) -> str:
    if wanted not in tensors:
        raise ModelError(
            f"model.output: the network returns no {wanted!r}{suggest(wanted, tensors)} "
            f"(it returns {listed})"
        )
    if not _is_scores(tensors[wanted], batch, with_ones=True):
        raise ModelError(
            f"model.output: {wanted!r} is no scores of classes (images, classes): it is "
            f"{_described(tensors[wanted], batch)} (the network returns {listed}); "
            f"{why_no_scores(tensors[wanted], batch)}"
        )
    return wanted


def _is_scores(tensor: Tensor, batch: torch.SymInt, with_ones: bool = False) -> bool:
    """Return whether a tensor is (B, N), or (B) as single-logit heads return.

    Args:
        tensor: As it was traced.
        batch: The symbol of the batch size.
        with_ones: Whether further axes of length 1 are let through, as of a pooling that nobody
            has flattened.

    """
    if tensor.dim() == 0 or not tensor.is_floating_point():
        return False
    first, *others = _sizes(tensor)
    known = [size for size in others if isinstance(size, int)]
    if not is_of_images(first, batch) or len(known) < len(others) or 0 in known:
        return False
    return len(known) < 2 or (with_ones and sum(size != 1 for size in known) < 2)


def _described(tensor: Tensor, batch: torch.SymInt) -> str:
    sizes = ", ".join(_size(size, batch) for size in _sizes(tensor))
    kind = "" if tensor.is_floating_point() else f" {str(tensor.dtype).removeprefix('torch.')}"
    return f"({sizes}){kind}"


def _size(size: int | torch.SymInt, batch: torch.SymInt) -> str:
    if is_of_images(size, batch):
        return "B"
    return str(size) if isinstance(size, int) else "?"


def _sizes(tensor: Tensor) -> tuple[int | torch.SymInt, ...]:
    return tuple(tensor.shape)
