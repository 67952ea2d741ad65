"""Weights of other precisions, as float32."""

from __future__ import annotations

import warnings

import torch
from torch import nn

from camcli.errors import CamcliWarning


def as_float32(network: nn.Module, name: str) -> tuple[str, ...]:
    """Convert a network's weights to float32, in place, and warn if there was anything to convert.

    Attributions add up to rounding, which is coarse in half precision, and images come in float32.

    Returns:
        The precisions that were converted, such as `float16`.

    """
    tensors = [*network.parameters(), *network.buffers()]
    other = {t.dtype for t in tensors if t.is_floating_point()} - {torch.float32}
    found = tuple(sorted(str(dtype).removeprefix("torch.") for dtype in other))
    if found:
        network.float()
        warnings.warn(
            f"{name}: its weights in {' and '.join(found)} are converted to float32",
            CamcliWarning,
            stacklevel=2,
        )
    return found
