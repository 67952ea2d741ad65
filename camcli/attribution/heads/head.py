"""What a method may ask of the part of a network behind the activation of one batch."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from camcli.attribution.contributions import Contributions


class Head(Protocol):
    """The tail of a network, fed with one batch's activation.

    Everything is computed when it is first asked for, and passes that several classes can share are
    kept while the head lives. Activations and what is returned in their shape are in the layout of
    the network; classes are int64 (B,), one for each image.
    """

    @property
    def logits(self) -> Tensor:
        """The network's scores before any softmax: (B, N)."""
        ...

    def gradient(self, classes: Tensor) -> Tensor:
        """Return ∂s/∂A of the score s of each image's class, in the shape of A."""
        ...

    def contributions(self, classes: Tensor) -> Contributions:
        """Return the DeepLIFT contributions of A to each image's class.

        Raises:
            LayerError: The tail holds an operation without a rule.

        """
        ...

    def contributions_by_depth(self, classes: Tensor) -> tuple[Contributions, ...]:
        """Return the contributions of A and of every tap behind it, in one backward pass.

        Those of a tap T are C = m (T - T₀), with T₀ its value at the all-zero A; everywhere that
        all paths lead through, they add up to the same F(A) - F(0).

        Raises:
            LayerError: The tail holds an operation without a rule.

        """
        ...

    def relevance(self, classes: Tensor) -> Tensor:
        """Return the LRP-ε relevance of A to each image's class, in the shape of A.

        Raises:
            LayerError: The tail holds an operation without a rule.

        """
        ...

    def scores(self, classes: Tensor, activation: Tensor, *bypass: Tensor) -> Tensor:
        """Return the scores (M,) of other activations than the batch's, for a class each.

        Args:
            classes: int64 (M,).
            activation: Of M images.
            bypass: The tail's other inputs for them.

        """
        ...
