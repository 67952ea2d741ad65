"""A few images half-way through a cut network: what several checks look at, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from camcli.network.split import SplitNetwork


@dataclass(frozen=True, eq=False)
class Trial:
    """What the trunk of a cut network makes of a few images.

    Attributes:
        halves: The network.
        activation: Of the layer at the cut, in its own layout.
        bypass: What goes round the cut.

    """

    halves: SplitNetwork
    activation: Tensor
    bypass: tuple[Tensor, ...]

    @classmethod
    @torch.no_grad()
    def of(cls, halves: SplitNetwork, images: Tensor) -> Trial:
        """Run the trunk on images (B, 3, H, W), normalised as the network wants them."""
        activation, *bypass = halves.trunk(images)
        return cls(halves, activation, tuple(bypass))

    @torch.no_grad()
    def scores_of(self, activation: Tensor) -> Tensor:
        """Return the scores (B, N) that the tail makes of an activation in this one's place."""
        scores: Tensor = self.halves.tail(activation, *self.bypass)
        return scores

    @cached_property
    def scores(self) -> Tensor:
        """The scores of the images, (B, N)."""
        return self.scores_of(self.activation)

    @cached_property
    def gradient(self) -> Tensor | None:
        """The gradient of each image's top score by its activation, None where none arrives."""
        leaf = self.activation.detach().requires_grad_()
        with torch.enable_grad():
            try:
                score = self.halves.tail(leaf, *self.bypass).amax(1).sum()
            except NotImplementedError:  # an operation for which PyTorch has no derivative
                return None
        if not score.requires_grad:
            return None
        gradient: Tensor
        (gradient,) = torch.autograd.grad(score, leaf)
        return gradient
