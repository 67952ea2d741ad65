"""One batch at the target layer, and what a method may ask of it."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cached_property
from typing import TypeVar, cast

import torch
from torch import Tensor

from camcli.attribution.attribution import attribution_of
from camcli.attribution.contributions import Contributions
from camcli.attribution.objective import Objective
from camcli.network.split import SplitNetwork

_SMALLEST_CHUNK = 8

_Found = TypeVar("_Found")


class Probe:
    """The activation of one batch and the passes through the tail that methods share.

    Everything is computed when it is first asked for, and kept while the probe lives: explaining
    the batch for several targets, or by several methods, runs the trunk once.
    """

    def __init__(
        self,
        network: SplitNetwork,
        images: Tensor,
        with_reference: bool = False,
        black: Tensor | None = None,
    ) -> None:
        """Run the trunk.

        Args:
            network: The network, split at the target layer.
            images: float32 (B, 3, H, W), normalised as the network wants them.
            with_reference: Compute the logits as DeepLIFT does, beside those of the reference,
                because contributions will be asked for.
            black: (3, 1, 1), black normalised as the images are; zeros if not given, which is
                right for images that are not normalised at all.

        """
        self.network = network
        self.images = images
        self.black = images.new_zeros(3, 1, 1) if black is None else black
        self._elsewhere: dict[str, Probe] = {}
        self._last: dict[str, tuple[Objective, object]] = {}
        with torch.no_grad():
            self._raw, *self._bypass = network.trunk(images)
        self._head = attribution_of(network).head(self._raw, self._bypass, with_reference)

    @cached_property
    def activation(self) -> Tensor:
        """The channel maps at the target layer, A: (B, K, h, w)."""
        return self.network.layout.to_maps(self._raw)

    @property
    def logits(self) -> Tensor:
        """The network's scores before any softmax: (B, N)."""
        return self._head.logits

    def beside(self, with_reference: bool) -> Probe:
        """Return the probe of the same passes through trunks, with passes of its own through tails.

        How the logits are computed, which `with_reference` decides, shows in their last bits: a
        method gets the same from a probe of this kind as from one that nobody else uses.
        """
        other = copy(self)
        other._last = {}
        other._head = attribution_of(self.network).head(self._raw, self._bypass, with_reference)
        return other

    def at(self, network: SplitNetwork) -> Probe:
        """Return the probe of the same images at another layer of the same network."""
        if network.layer not in self._elsewhere:
            self._elsewhere[network.layer] = Probe(network, self.images, black=self.black)
        return self._elsewhere[network.layer]

    def gradient(self, objective: Objective) -> Tensor:
        """Return ∂s/∂A of each image's score s: (B, K, h, w)."""
        return self._kept(
            "gradient",
            objective,
            lambda: self.network.layout.to_maps(self._head.gradient(objective)),
        )

    def contributions(self, objective: Objective) -> Contributions:
        """Return the DeepLIFT contributions of A to each image's score."""
        return self._kept("contributions", objective, lambda: self._head.contributions(objective))

    def contributions_by_depth(self, objective: Objective) -> tuple[Contributions, ...]:
        """Return the contributions of A and of every tap behind it, in one backward pass.

        Those of a tap T are C = m (T - T₀), with T₀ its value at the all-zero A; everywhere that
        all paths lead through, they add up to the same F(A) - F(0).
        """
        return self._head.contributions_by_depth(objective)

    def relevance(self, objective: Objective) -> Tensor:
        """Return the LRP-ε relevance of A to each image's score: (B, K, h, w)."""
        return self.network.layout.to_maps(self._head.relevance(objective))

    def scores_of_images(self, images: Tensor, objective: Objective) -> Tensor:
        """Return the scores of other images than the batch's, such as masked ones.

        Args:
            images: (M, 3, H, W), normalised; taken as many at a time as the batch has images,
                which is known to fit.
            objective: What to score in each.

        Returns:
            (M,).

        """
        with torch.no_grad():
            size = self._at_a_time
            chunks = zip(images.split(size), objective.split(size), strict=True)
            scores = [self._head.scores(of, *self.network.trunk(some)) for some, of in chunks]
        return torch.cat(scores)

    def scores_of_maps(self, maps: Tensor, rows: Tensor, objective: Objective) -> Tensor:
        """Return the scores that the tail gives to altered activations.

        Args:
            maps: (M, K, h, w), channel maps in place of the batch's own.
            rows: int64 (M,), the image of the batch that each belongs to; it gives whatever
                bypasses the cut, and tokens without a place in space.
            objective: What to score in each.

        Returns:
            (M,).

        """
        scores = []
        with torch.no_grad():
            size = self._at_a_time
            chunks = zip(maps.split(size), rows.split(size), objective.split(size), strict=True)
            for some, of, wanted in chunks:
                raw, *bypass = self._of_rows(of)
                activation = self.network.layout.from_maps(some, raw)
                scores.append(self._head.scores(wanted, activation, *bypass))
        return torch.cat(scores)

    def _kept(self, what: str, objective: Objective, find: Callable[[], _Found]) -> _Found:
        """Return what was found for the same objective before, by another method, or find it."""
        asked, found = self._last.get(what, (None, None))
        if asked is not objective:
            self._last.pop(what, None)  # before the next is made, for they are large
            found = find()
            self._last[what] = objective, found
        return cast(_Found, found)

    @property
    def _at_a_time(self) -> int:
        """How many images pass through the network together."""
        return max(len(self.images), _SMALLEST_CHUNK)

    def _of_rows(self, rows: Tensor) -> list[Tensor]:
        """Return the tail's inputs for some images of the batch."""
        tensors = (self._raw, *self._bypass)
        dims = self.network.batch_dims
        return [t.index_select(dim, rows) for t, dim in zip(tensors, dims, strict=True)]
