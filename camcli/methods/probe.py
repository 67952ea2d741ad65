"""One batch at the target layer, and what a method may ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from camcli.graph.split import SplitNetwork


@dataclass(frozen=True)
class Contributions:
    """DeepLIFT contributions of an activation to a score, against the all-zero activation.

    Attributes:
        maps: float32 (B, K, h, w), C = m A, signed.
        completeness_error: (B,), |ΣC - Δ| / max(|Δ|, Σ|C|) with Δ = F(A) - F(0), summed over the
            whole activation, tokens without a place in space included.

    """

    maps: Tensor
    completeness_error: Tensor


class Probe:
    """The activation of one batch and the passes through the tail that methods share.

    Everything is computed when it is first asked for, and kept while the probe lives: explaining
    the batch for several classes, or by several methods, runs the trunk once.
    """

    def __init__(self, network: SplitNetwork, images: Tensor, with_slopes: bool = False) -> None:
        """Run the trunk.

        Args:
            network: The network, split at the target layer.
            images: float32 (B, 3, H, W), normalised as the network wants them.
            with_slopes: Compute the logits in the pass that DeepLIFT needs, because contributions
                will be asked for.

        """
        self.network = network
        self.images = images
        self._with_slopes = with_slopes
        with torch.no_grad():
            self._raw, *self._bypass = network.trunk(images)

    @cached_property
    def activation(self) -> Tensor:
        """The channel maps at the target layer, A: (B, K, h, w)."""
        return self.network.layout.to_maps(self._raw)

    @cached_property
    def logits(self) -> Tensor:
        """The network's scores before any softmax: (B, N)."""
        if self._with_slopes:
            return self._sloped[1].detach()
        with torch.no_grad():
            logits: Tensor = self.network.tail(self._raw, *self._bypass)
        return logits

    def gradient(self, classes: Tensor) -> Tensor:
        """Return ∂s/∂A of the score s of each image's class: (B, K, h, w)."""
        leaf, logits = self._differentiable
        return self.network.layout.to_maps(_gradient(leaf, logits, classes))

    def contributions(self, classes: Tensor) -> Contributions:
        """Return the DeepLIFT contributions of A to each image's class."""
        leaf, logits = self._sloped
        contributions = _gradient(leaf, logits, classes) * self._raw
        with torch.no_grad():
            reference = self.network.deeplift.logits_at_reference(self._raw, *self._bypass)
            delta = (logits - reference).gather(1, classes[:, None]).squeeze(1)
        return Contributions(
            maps=self.network.layout.to_maps(contributions),
            completeness_error=completeness_error(contributions, delta),
        )

    @cached_property
    def _differentiable(self) -> tuple[Tensor, Tensor]:
        leaf = self._raw.detach().requires_grad_()
        return leaf, self.network.tail(leaf, *self._bypass)

    @cached_property
    def _sloped(self) -> tuple[Tensor, Tensor]:
        leaf = self._raw.detach().requires_grad_()
        return leaf, self.network.deeplift(leaf, *self._bypass)


def _gradient(leaf: Tensor, logits: Tensor, classes: Tensor) -> Tensor:
    # The graph is kept: the next target of the same images differentiates it again.
    score = logits.gather(1, classes[:, None]).sum()
    (gradient,) = torch.autograd.grad(score, leaf, retain_graph=True)
    return gradient


def completeness_error(contributions: Tensor, delta: Tensor) -> Tensor:
    """Return |ΣC - Δ| / max(|Δ|, Σ|C|), in [0, 1]; 0 where nothing contributes to nothing.

    Args:
        contributions: (B, ...), C.
        delta: (B,), Δ.

    """
    flat = contributions.flatten(1).double()
    scale = torch.maximum(delta.abs().double(), flat.abs().sum(1))
    gap = (flat.sum(1) - delta.double()).abs()
    return torch.where(scale > 0, gap / scale, torch.zeros_like(gap)).float()
