"""The tail of one split network, and the propagations through it, each prepared once."""

from __future__ import annotations

from functools import cached_property

from torch import Tensor

from camcli.attribution.deeplift import DeepLift
from camcli.attribution.lrp import Lrp
from camcli.network.split import SplitNetwork


class Tail:
    """What lies behind the cut of a network, for any number of batches.

    Attributes:
        graph: `(activation, *bypass) -> logits`.
        layout: How the activation holds channel maps.
        taps: Deeper layers that are read in the same pass.

    """

    def __init__(self, network: SplitNetwork) -> None:
        """Take the tail of a network, and nothing that would keep the network alive."""
        self.graph = network.tail
        self.layout = network.layout
        self.taps = network.taps

    def __call__(self, activation: Tensor, *bypass: Tensor) -> Tensor:
        """Return the logits (B, N)."""
        logits: Tensor = self.graph(activation, *bypass)
        return logits

    @cached_property
    def deeplift(self) -> DeepLift:
        """The tail with DeepLIFT's multipliers for derivatives, and its kept reference.

        Raises:
            LayerError: The tail holds an operation without a rule.

        """
        return DeepLift(self.graph, [tap.node for tap in self.taps])

    @cached_property
    def lrp(self) -> Lrp:
        """The tail with the multipliers of layer-wise relevance propagation for derivatives.

        Raises:
            LayerError: The tail holds an operation without a rule.

        """
        return Lrp(self.graph)
