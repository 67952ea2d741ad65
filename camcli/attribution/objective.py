"""The score that is explained in each image of a batch, as a function of its logits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Objective:
    """s = Σ_t f_t l_t in each image: a logit, the negative of one, or a difference of several.

    Heads take every score from here, and with it every derivative, contribution and change of
    score: what a method explains is decided once, and never by the method. DeepLIFT and gradients
    are linear in the score, so the contributions to a difference of logits are the difference of
    their contributions, and add up as exactly. A factor of 1, -1 or 0 rounds nothing.

    Attributes:
        columns: int64 (B, T): which of the network's logits.
        factors: float32 (B, T), f; 0 where an image has fewer terms than another of its batch.

    """

    columns: Tensor
    factors: Tensor

    @classmethod
    def of(cls, columns: Tensor) -> Objective:
        """Return the logits themselves, int64 (B,), as what is explained."""
        return cls(columns[:, None], torch.ones(len(columns), 1, device=columns.device))

    def __len__(self) -> int:
        """Return B."""
        return len(self.columns)

    @property
    def device(self) -> torch.device:
        """Where it lies."""
        return self.columns.device

    def scores(self, logits: Tensor) -> Tensor:
        """Return s, (B,), of logits (B, N)."""
        return self.sum_of(lambda columns: logits.gather(1, columns[:, None]).squeeze(1))

    def weights(self, weight: Tensor) -> Tensor:
        """Return Σ_t f_t W_t, (B, K): the weights of s where the logits are W x + b, W (N, K)."""
        return self.sum_of(lambda columns: weight[columns])

    def sum_of(self, values: Callable[[Tensor], Tensor]) -> Tensor:
        """Return Σ_t f_t v(c_t), (B, ...), of a function from columns (B,) to values (B, ...)."""
        total: Tensor | None = None
        for columns, factors in zip(self.columns.unbind(1), self.factors.unbind(1), strict=True):
            value = values(columns)
            term = value * factors.to(value.dtype).view(-1, *[1] * (value.dim() - 1))
            total = term if total is None else total + term
        assert total is not None
        return total

    def repeat(self, count: int) -> Objective:
        """Return the same for `count` variants of each image, which follow one another."""
        return Objective(
            self.columns.repeat_interleave(count, 0), self.factors.repeat_interleave(count, 0)
        )

    def split(self, size: int) -> list[Objective]:
        """Return it in pieces of at most `size` images."""
        pieces = zip(self.columns.split(size), self.factors.split(size), strict=True)
        return [Objective(columns, factors) for columns, factors in pieces]
