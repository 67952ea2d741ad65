"""How the network's confidence answers when an image is seen through a map.

Everywhere m is a map in [0, 1] at the resolution of the network's input x, which is normalised, so
that m ⊙ x fades to the mean colour; Y, O and D are the softmax probabilities of the explained class
for x, m ⊙ x and (1 - m) ⊙ x.

These three figures reward a map for its mere brightness: the square root of a map, which ranks
every place as before, drops less. Compare them only at matched area (`matched_area`).
"""

from __future__ import annotations

import torch
from torch import Tensor


def kept(images: Tensor, maps: Tensor) -> Tensor:
    """Return m ⊙ x, (B, 3, H, W), of x (B, 3, H, W) and m (B, H, W)."""
    return images * maps[:, None]


def removed(images: Tensor, maps: Tensor) -> Tensor:
    """Return (1 - m) ⊙ x, (B, 3, H, W), of x (B, 3, H, W) and m (B, H, W)."""
    return images * (1 - maps[:, None])


def average_drop(whole: Tensor, seen: Tensor) -> Tensor:
    """Return max(0, Y - O) / Y of each image; its mean, in percent, is the average drop, AD.

    In [0, 1], lower is better.

    Chattopadhay et al., "Grad-CAM++", WACV 2018, arXiv 1710.11063, section 4.1.

    Args:
        whole: (B,), Y.
        seen: (B,), O.

    """
    return (whole - seen).clamp_min(0) / whole


def increase_in_confidence(whole: Tensor, seen: Tensor) -> Tensor:
    """Return 1 where O > Y and 0 elsewhere; its mean, in percent, is the increase in confidence.

    Higher is better.

    Chattopadhay et al., "Grad-CAM++", WACV 2018, arXiv 1710.11063, section 4.1.

    Args:
        whole: (B,), Y.
        seen: (B,), O.

    """
    return (seen > whole).to(whole)


def average_drop_in_deletion(whole: Tensor, unseen: Tensor, clamped: bool = False) -> Tensor:
    """Return (Y - D) / Y of each image; its mean, in percent, is the average drop in deletion, ADD.

    At most 1, negative where removing the map's places helps the class; higher is better.

    Jung and Oh, "Towards Better Explanations of Class Activation Mapping", ICCV 2021,
    arXiv 2102.05228, section 4.2.

    Args:
        whole: (B,), Y.
        unseen: (B,), D.
        clamped: Count rises as 0, as the average drop does: max(0, Y - D) / Y, in [0, 1].

    """
    drop = whole - unseen
    return (drop.clamp_min(0) if clamped else drop) / whole


def matched_area(maps: Tensor) -> Tensor:
    """Replace each map by its ranks spread evenly over [0, 1], so that all have the same values.

    The lowest of n places becomes 0, the highest 1 and the mean 1/2, whatever the map; equal values
    rank in row-major order. What is left to compare between maps is where they look.

    Args:
        maps: (B, H, W).

    Returns:
        float32 (B, H, W).

    """
    flat = maps.flatten(1)
    order = flat.argsort(dim=1, stable=True)
    levels = torch.linspace(0, 1, flat.shape[1], device=maps.device)
    ranked = torch.empty_like(flat, dtype=torch.float32)
    return ranked.scatter_(1, order, levels.expand_as(ranked)).view_as(maps)
