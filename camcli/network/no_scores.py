"""Why a tensor that a network returns is no scores of classes, and what to return instead."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor


def why_no_scores(tensor: Tensor, batch: torch.SymInt) -> str:
    """Return what a tensor is instead of scores (B, N), and what the network is to return.

    Args:
        tensor: As it was traced; not (B, N), and not (B).
        batch: The symbol of the batch size.

    """
    return _by_its_numbers(tensor) or _by_its_images(tensor, batch) or _by_its_axes(tensor)


def is_of_images(size: int | torch.SymInt, batch: torch.SymInt) -> bool:
    """Return whether a size is the number of images."""
    return isinstance(size, torch.SymInt) and bool(size.node.expr == batch.node.expr)


def _by_its_numbers(tensor: Tensor) -> str | None:
    if tensor.is_complex():
        return "complex numbers have no order: let it return their magnitude, or their real part"
    if not tensor.is_floating_point():
        return (
            "whole numbers say what it decides for, as the number of a class does: let it return "
            "the scores that it decides by"
        )
    return None


def _by_its_images(tensor: Tensor, batch: torch.SymInt) -> str | None:
    sizes: list[int | torch.SymInt] = list(tensor.shape)
    if any(isinstance(size, torch.SymInt) and _is_of_pixels(size, batch) for size in sizes):
        return (
            "how many numbers there are depends on the pixels' values, as of what is picked by a "
            "condition: let it return a score of each class for every image"
        )
    axes = [axis for axis, size in enumerate(sizes) if is_of_images(size, batch)]
    if axes[:1] == [0]:
        return None
    if axes:
        return (
            f"the images are counted along axis {axes[0]}, not along the first: let it return "
            f"output.movedim({axes[0]}, 0)"
        )
    if any(isinstance(size, torch.SymInt) for size in sizes):
        return (
            "images and other things are counted along one axis: let it keep an axis of images, "
            "as output.unflatten(0, (x.shape[0], -1)) makes one"
        )
    if sizes and sizes[0] == batch.node.hint:
        return (
            "the network fixes its batch size while it is traced, so images cannot be batched: "
            "look for len(x), int(x.shape[0]) or a view with a constant first size in its forward; "
            "x.shape[0] and -1 stay free"
        )
    return (
        "it has no axis of images, as where a mean or a loss is taken over the batch: let it "
        "return scores for each image"
    )


def _is_of_pixels(size: torch.SymInt, batch: torch.SymInt) -> bool:
    return bool(size.node.expr.free_symbols - batch.node.expr.free_symbols)


def _by_its_axes(tensor: Tensor) -> str:
    sizes = list(tensor.shape[1:])
    if prod(sizes) == 0:
        return "it holds no number at all: make the network with at least one class"
    many = f"it holds {' x '.join(map(str, sizes))} numbers for each image"
    if len(sizes) == 3:
        return (
            f"{many}, as the maps of segmenters and of bodies without a head. Put a "
            "classification head on it, or let it return one score for each class of a segmenter, "
            "such as output.mean((2, 3))"
        )
    return (
        f"{many}, as tokens without a head, or as several answers to each of several questions. "
        "Let it return one row for each image, such as output[:, 0], output[..., 0], or "
        "output.flatten(1) where each number is a score"
    )
