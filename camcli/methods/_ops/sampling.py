"""Random draws that belong to an image, whatever batch it comes in."""

from __future__ import annotations

import zlib

import torch
from torch import Tensor


def generators(images: Tensor, seed: int) -> list[torch.Generator]:
    """Return a random generator for each image, seeded by its pixels and `seed`.

    Args:
        images: (B, ...), the network's input.
        seed: Chooses other draws for the same images.

    """
    return [
        torch.Generator().manual_seed(zlib.crc32(image.cpu().numpy().tobytes(), seed))
        for image in images.contiguous()
    ]
