"""A digest of tensors, by which runs and caches know weights."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import torch
from torch import Tensor


def digest_of(tensors: Iterable[tuple[str, Tensor]]) -> bytes:
    """Return the SHA-256 of named tensors, in order: names, dtypes, shapes and bytes."""
    sha = hashlib.sha256()
    for name, tensor in tensors:
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        sha.update(flat.view(torch.uint8).numpy().data)
    return sha.digest()
