"""A batch in chunks, so that temporary results stay in a processor's cache."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

# Elements of a temporary tensor that stay in a core's cache.
_CACHED = 1 << 18


def chunks(*tensors: Tensor, dim: int = 0) -> Iterator[tuple[Tensor, ...]]:
    """Yield the images of several tensors, as many at a time as the cache holds, at least one.

    Otherwise temporary results would travel to memory and back, which is what limits element-wise
    work. A GPU, whose memory is as fast as its arithmetic, takes all at once.

    Args:
        tensors: Of as many images each, the largest first.
        dim: The dimension that counts the images.

    """
    first = tensors[0]
    images = first.shape[dim]
    rows = images if first.is_cuda else max(1, _CACHED * images // max(1, first.numel()))
    yield from zip(*(tensor.split(rows, dim) for tensor in tensors), strict=True)
