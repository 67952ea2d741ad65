"""What every place and channel of an activation contributes to a score, by DeepLIFT."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from camcli.attribution.chunks import chunks
from camcli.attribution.pair import Pair
from camcli.network.layout import Layout


class _Sums(NamedTuple):
    """Sums of contributions.

    Attributes:
        evidence: Σ_k C_k, (B, h, w).
        total: ΣC, (B,), tokens without a place in space included.
        size: Σ|C|, (B,), likewise.

    """

    evidence: Tensor
    total: Tensor
    size: Tensor


class Contributions:
    """DeepLIFT contributions of an activation to a score, C = m ΔA."""

    def __init__(
        self, multipliers: Tensor, activation: Pair, layout: Layout, score_change: Tensor
    ) -> None:
        """Take the multipliers of a whole activation.

        Args:
            multipliers: m, in the shape of the activation.
            activation: A beside its reference.
            layout: How it holds channel maps.
            score_change: (B,), Δ = F(A) - F(A₀).

        """
        self._multipliers = multipliers
        self._activation = activation
        self._layout = layout
        self._score_change = score_change

    @cached_property
    def maps(self) -> Tensor:
        """The contribution of every place in space, C, signed: (B, K, h, w)."""
        return self._layout.to_maps(self._multipliers * self._activation.delta)

    @property
    def evidence(self) -> Tensor:
        """What all channels together contribute, Σ_k C_k, signed: (B, h, w)."""
        return self._sums.evidence

    @property
    def completeness_error(self) -> Tensor:
        """|ΣC - Δ| / max(|Δ|, Σ|C|), (B,), over the whole activation, tokens included."""
        return relative_gap(self._sums.total, self._sums.size, self._score_change)

    @cached_property
    def coefficients(self) -> Tensor:
        """The contribution of each channel map as a whole, Σ_ij C_k: (B, K)."""
        return self.maps.sum((2, 3))

    @cached_property
    def _sums(self) -> _Sums:
        """Add C up in chunks of the batch: as a whole it is as large as the activation."""
        value, images = self._activation.value.detach(), self._layout.batch_dim
        reference = self._activation.reference.expand_as(value)
        others = tuple(dim for dim in range(value.dim()) if dim != images)
        found = []
        for m, some, then in chunks(self._multipliers, value, reference, dim=images):
            c = (some - then).mul_(m)
            # PyTorch sums in a tree, which keeps the sum's own rounding below that of C.
            total, size = c.sum(others), c.abs().sum(others)
            found.append(_Sums(self._layout.to_maps(c).sum(1), total, size))
        return _Sums(*map(torch.cat, zip(*found, strict=True)))


def relative_gap(total: Tensor, size: Tensor, delta: Tensor) -> Tensor:
    """Return |ΣC - Δ| / max(|Δ|, Σ|C|), in [0, 1]; 0 where nothing contributes to nothing.

    Args:
        total: (B,), ΣC.
        size: (B,), Σ|C|.
        delta: (B,), Δ.

    """
    scale = torch.maximum(delta.abs(), size)
    gap = (total - delta).abs()
    return torch.where(scale > 0, gap / scale, torch.zeros_like(gap))
