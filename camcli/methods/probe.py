"""One batch at the target layer, and what a method may ask of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from camcli.attribution.contributions import Contributions, PooledContributions
from camcli.attribution.secant import Pair
from camcli.network.split import SplitNetwork

_SMALLEST_CHUNK = 8


class Probe:
    """The activation of one batch and the passes through the tail that methods share.

    Everything is computed when it is first asked for, and kept while the probe lives: explaining
    the batch for several classes, or by several methods, runs the trunk once.
    """

    def __init__(
        self,
        network: SplitNetwork,
        images: Tensor,
        with_slopes: bool = False,
        black: Tensor | None = None,
    ) -> None:
        """Run the trunk.

        Args:
            network: The network, split at the target layer.
            images: float32 (B, 3, H, W), normalised as the network wants them.
            with_slopes: Compute the logits in the pass that DeepLIFT needs, because contributions
                will be asked for.
            black: (3, 1, 1), black normalised as the images are; zeros if not given, which is
                right for images that are not normalised at all.

        """
        self.network = network
        self.images = images
        self.black = images.new_zeros(3, 1, 1) if black is None else black
        self._head = network.pooled_head if with_slopes else None
        self._with_slopes = with_slopes and network.class_head is None
        self._elsewhere: dict[str, Probe] = {}
        with torch.no_grad():
            self._raw, *self._bypass = network.trunk(images)

    @cached_property
    def activation(self) -> Tensor:
        """The channel maps at the target layer, A: (B, K, h, w)."""
        return self.network.layout.to_maps(self._raw)

    @cached_property
    def logits(self) -> Tensor:
        """The network's scores before any softmax: (B, N)."""
        if self._head is not None:
            return self._head.logits(self._raw)
        if self._with_slopes:
            return self._sloped[1].detach()
        with torch.no_grad():
            logits: Tensor = self.network.tail(self._raw, *self._bypass)
        return logits

    def at(self, network: SplitNetwork) -> Probe:
        """Return the probe of the same images at another layer of the same network."""
        if network.layer not in self._elsewhere:
            self._elsewhere[network.layer] = Probe(network, self.images, black=self.black)
        return self._elsewhere[network.layer]

    def gradient(self, classes: Tensor) -> Tensor:
        """Return ∂s/∂A of the score s of each image's class: (B, K, h, w)."""
        if self.network.class_head is not None:
            leaf = self._raw.detach().requires_grad_()
            return _derivative(self.network.class_head(leaf, classes), leaf)
        leaf, logits = self._differentiable
        return self.network.layout.to_maps(_gradient(leaf, logits, classes))

    def contributions(self, classes: Tensor) -> Contributions:
        """Return the DeepLIFT contributions of A to each image's class."""
        if self._head is not None:
            score_change = _chosen(self.logits - self._head.bias, classes)
            return PooledContributions(self._head, self._raw, classes, score_change)
        multipliers, delta = self._multipliers(classes)
        return Contributions(multipliers, self._change, self.network.layout, delta)

    def contributions_by_depth(self, classes: Tensor) -> tuple[Contributions, ...]:
        """Return the contributions of A and of every tap behind it, in one backward pass.

        Those of a tap T are C = m (T - T₀), with T₀ its value at the all-zero A; everywhere that
        all paths lead through, they add up to the same F(A) - F(0).
        """
        leaf, logits, taps = self._tapped
        values = (leaf, *(tap.value for tap in taps))
        multipliers = _gradients(values, logits, classes)
        layouts = (self.network.layout, *(tap.layout for tap in self.network.taps))
        delta = self._delta(logits, classes)
        return tuple(
            Contributions(m, change, layout, delta)
            for layout, m, change in zip(layouts, multipliers, (self._change, *taps), strict=True)
        )

    def relevance(self, classes: Tensor) -> Tensor:
        """Return the LRP-ε relevance of A to each image's class: (B, K, h, w)."""
        leaf, logits = self._propagated
        return self.network.layout.to_maps(_gradient(leaf, logits, classes) * self._raw)

    def scores_of_images(self, images: Tensor, classes: Tensor) -> Tensor:
        """Return the scores of other images than the batch's, such as masked ones.

        Args:
            images: (M, 3, H, W), normalised; taken as many at a time as the batch has images,
                which is known to fit.
            classes: int64 (M,), the class to score in each.

        Returns:
            (M,).

        """
        with torch.no_grad():
            chunks = zip(self._chunks(images), self._chunks(classes), strict=True)
            scores = [self._scores(of, *self.network.trunk(some)) for some, of in chunks]
        return torch.cat(scores)

    def scores_of_maps(self, maps: Tensor, rows: Tensor, classes: Tensor) -> Tensor:
        """Return the scores that the tail gives to altered activations.

        Args:
            maps: (M, K, h, w), channel maps in place of the batch's own.
            rows: int64 (M,), the image of the batch that each belongs to; it gives whatever
                bypasses the cut, and tokens without a place in space.
            classes: int64 (M,), the class to score in each.

        Returns:
            (M,).

        """
        scores = []
        with torch.no_grad():
            chunks = zip(*(self._chunks(t) for t in (maps, rows, classes)), strict=True)
            for some, of, wanted in chunks:
                raw, *bypass = self._of_rows(of)
                activation = self.network.layout.from_maps(some, raw)
                scores.append(self._scores(wanted, activation, *bypass))
        return torch.cat(scores)

    def _scores(self, classes: Tensor, activation: Tensor, *bypass: Tensor) -> Tensor:
        """Return what the tail makes of activations, for one class each: (M,)."""
        if self.network.class_head is not None:
            return self.network.class_head(activation, classes)
        return _chosen(self.network.tail(activation, *bypass), classes)

    def _chunks(self, tensor: Tensor) -> tuple[Tensor, ...]:
        chunks: tuple[Tensor, ...] = tensor.split(max(len(self.images), _SMALLEST_CHUNK))
        return chunks

    def _of_rows(self, rows: Tensor) -> list[Tensor]:
        """Return the tail's inputs for some images of the batch."""
        tensors = (self._raw, *self._bypass)
        dims = self.network.batch_dims
        return [t.index_select(dim, rows) for t, dim in zip(tensors, dims, strict=True)]

    @cached_property
    def _differentiable(self) -> tuple[Tensor, Tensor]:
        leaf = self._raw.detach().requires_grad_()
        return leaf, self.network.tail(leaf, *self._bypass)

    def _multipliers(self, classes: Tensor) -> tuple[Tensor, Tensor]:
        """Return DeepLIFT's multipliers of A, and F(A) - F(0), (B,)."""
        head = self.network.class_head
        if head is None:
            leaf, logits = self._sloped
            return _gradient(leaf, logits, classes), self._delta(logits, classes)
        leaf = self._raw.detach().requires_grad_()
        scores = head.deeplift(leaf, classes)
        reference = head.deeplift.logits_at_reference(leaf, classes)
        return _derivative(scores, leaf), scores.detach() - reference

    @property
    def _change(self) -> Pair:
        """A beside its reference, the all-zero activation."""
        return Pair(self._raw, self._raw.new_zeros(()))

    def _delta(self, logits: Tensor, classes: Tensor) -> Tensor:
        """Return F(A) - F(0) of each image's class, (B,)."""
        with torch.no_grad():
            reference = self.network.deeplift.logits_at_reference(self._raw, *self._bypass)
            return _chosen(logits - reference, classes)

    @cached_property
    def _sloped(self) -> tuple[Tensor, Tensor]:
        leaf, logits, _ = self._tapped
        return leaf, logits

    @cached_property
    def _tapped(self) -> tuple[Tensor, Tensor, tuple[Pair, ...]]:
        leaf = self._raw.detach().requires_grad_()
        return leaf, *self.network.deeplift.with_taps(leaf, *self._bypass)

    @cached_property
    def _propagated(self) -> tuple[Tensor, Tensor]:
        leaf = self._raw.detach().requires_grad_()
        return leaf, self.network.lrp(leaf, *self._bypass)


def _derivative(scores: Tensor, leaf: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(scores.sum(), leaf)
    return gradient


def _gradient(leaf: Tensor, logits: Tensor, classes: Tensor) -> Tensor:
    (gradient,) = _gradients((leaf,), logits, classes)
    return gradient


def _gradients(at: Sequence[Tensor], logits: Tensor, classes: Tensor) -> tuple[Tensor, ...]:
    # The graph is kept: the next target of the same images differentiates it again.
    score = _chosen(logits, classes).sum()
    return torch.autograd.grad(score, tuple(at), retain_graph=True)


def _chosen(logits: Tensor, classes: Tensor) -> Tensor:
    return logits.gather(1, classes[:, None]).squeeze(1)
