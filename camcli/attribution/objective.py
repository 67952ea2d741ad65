"""The score that is explained in each image of a batch, as a function of its logits."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Objective:
    """s = σ l_c in each image: a logit, or the negative of one.

    Heads take every score from here, and with it every derivative, contribution and change of
    score: what a method explains is decided once, and never by the method. A factor of 1 or -1
    rounds nothing, so the contributions to -l are exactly those to l, negated.

    Attributes:
        columns: int64 (B,), c: which of the network's logits.
        signs: float32 (B,), σ: 1 for the evidence in favour, -1 for the evidence against.

    """

    columns: Tensor
    signs: Tensor

    @classmethod
    def of(cls, columns: Tensor) -> Objective:
        """Return the logits themselves, int64 (B,), as what is explained."""
        return cls(columns, torch.ones(columns.shape, device=columns.device))

    def __len__(self) -> int:
        """Return B."""
        return len(self.columns)

    @property
    def device(self) -> torch.device:
        """Where it lies."""
        return self.columns.device

    def scores(self, logits: Tensor) -> Tensor:
        """Return s, (B,), of logits (B, N)."""
        return self.signed(logits.gather(1, self.columns[:, None]).squeeze(1))

    def weights(self, weight: Tensor) -> Tensor:
        """Return σ W_c, (B, K): the weights of s where the logits are W x + b, W (N, K)."""
        return self.signed(weight[self.columns])

    def signed(self, values: Tensor) -> Tensor:
        """Return σ v, of values v (B, ...) that belong to l_c."""
        signs = self.signs.to(values.dtype)
        return values * signs.view(-1, *[1] * (values.dim() - 1))

    def repeat(self, count: int) -> Objective:
        """Return the same for `count` variants of each image, which follow one another."""
        return Objective(self.columns.repeat_interleave(count), self.signs.repeat_interleave(count))

    def split(self, size: int) -> list[Objective]:
        """Return it in pieces of at most `size` images."""
        pieces = zip(self.columns.split(size), self.signs.split(size), strict=True)
        return [Objective(columns, signs) for columns, signs in pieces]
