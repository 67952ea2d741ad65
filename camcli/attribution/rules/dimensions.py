"""The dimensions that a reduction is over, however they were given."""

from __future__ import annotations

from collections.abc import Iterable


def dims_of(dim: int | Iterable[int] | None, rank: int) -> list[int]:
    """Return the dimensions of a tensor of some rank, from 0, in order; none given means all."""
    listed = [] if dim is None else [dim] if isinstance(dim, int) else list(dim)
    return sorted(d % rank for d in listed) or list(range(rank))
