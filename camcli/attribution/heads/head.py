"""What a method may ask of the part of a network behind the activation of one batch."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from camcli.attribution.contributions import Contributions
from camcli.attribution.objective import Objective


class Head(Protocol):
    """The tail of a network, fed with one batch's activation.

    Everything is computed when it is first asked for, and passes that several objectives can share
    are kept while the head lives. Activations and what is returned in their shape are in the layout
    of the network.
    """

    @property
    def logits(self) -> Tensor:
        """The network's scores before any softmax: (B, N)."""
        ...

    def gradient(self, objective: Objective) -> Tensor:
        """Return ∂s/∂A of each image's score s, in the shape of A."""
        ...

    def contributions(self, objective: Objective) -> Contributions:
        """Return the DeepLIFT contributions of A to each image's score.

        Raises:
            LayerError: The tail holds an operation without a rule.

        """
        ...

    def contributions_by_depth(self, objective: Objective) -> tuple[Contributions, ...]:
        """Return the contributions of A and of every tap behind it, in one backward pass.

        Those of a tap T are C = m (T - T₀), with T₀ its value at the all-zero A; everywhere that
        all paths lead through, they add up to the same F(A) - F(0).

        Raises:
            LayerError: The tail holds an operation without a rule.

        """
        ...

    def relevance(self, objective: Objective) -> Tensor:
        """Return the LRP-ε relevance of A to each image's score, in the shape of A.

        Raises:
            LayerError: The tail holds an operation without a rule.

        """
        ...

    def scores(self, objective: Objective, activation: Tensor, *bypass: Tensor) -> Tensor:
        """Return the scores (M,) of other activations than the batch's.

        Args:
            objective: What to score in each of M images.
            activation: Theirs.
            bypass: The tail's other inputs for them.

        """
        ...
