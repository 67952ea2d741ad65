"""What attribution prepares once for a split network: its tail, and the head that fits it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from weakref import WeakKeyDictionary

from torch import Tensor

from camcli.attribution.heads.general import GeneralHead
from camcli.attribution.heads.head import Head
from camcli.attribution.heads.one_class import ClassHead, OneClassTail, match_one_class_tail
from camcli.attribution.heads.pooled import PooledHead, PooledTail, match_pooled_tail
from camcli.attribution.propagation import active_nodes, require_rules
from camcli.attribution.rules import DEEPLIFT
from camcli.attribution.tail import Tail
from camcli.network.split import SplitNetwork


class Attribution:
    """The attributions of one split network; `attribution_of` makes and keeps it.

    Attributes:
        tail: The network's tail, with its DeepLIFT and LRP.

    """

    def __init__(self, network: SplitNetwork) -> None:
        """Take the network's tail."""
        self.tail = Tail(network)

    @cached_property
    def pooled(self) -> PooledTail | None:
        """The closed form of the tail, where it is average pooling and a linear layer."""
        return match_pooled_tail(self.tail.graph) if self._reads_maps_only else None

    @cached_property
    def one_class(self) -> OneClassTail | None:
        """The tail for one class an image, where it is a convolution whose channels are classes."""
        return match_one_class_tail(self.tail.graph) if self._reads_maps_only else None

    @property
    def _reads_maps_only(self) -> bool:
        return self.tail.layout.order == "NCHW" and not self.tail.taps

    def head(
        self, activation: Tensor, bypass: Sequence[Tensor], with_reference: bool = False
    ) -> Head:
        """Return the head for one batch: the fastest that fits the tail.

        Args:
            activation: A, in the network's layout.
            bypass: The tail's other inputs.
            with_reference: Contributions will be asked for: compute the logits in the pass that
                DeepLIFT needs, or in closed form with the contributions.

        """
        if self.one_class is not None:
            return ClassHead(self.one_class, self.tail, activation, bypass)
        if with_reference and self.pooled is not None:
            return PooledHead(self.pooled, self.tail, activation, bypass)
        return GeneralHead(self.tail, activation, bypass, with_reference)


# By identity. An attribution does not refer to its network, and so goes with it.
_KEPT: WeakKeyDictionary[SplitNetwork, Attribution] = WeakKeyDictionary()


def attribution_of(network: SplitNetwork) -> Attribution:
    """Return the attribution of a network, the same one each time.

    A copy of the network with another trunk has its own: what is kept of the reference is in the
    memory format that the trunk gives.
    """
    found = _KEPT.get(network)
    if found is None:
        found = _KEPT[network] = Attribution(network)
    return found


def check_rules(network: SplitNetwork) -> None:
    """Check that DeepLIFT has a rule for everything between the activation and the scores.

    Raises:
        LayerError: It has none for some operations, named with their modules.

    """
    require_rules(network.tail, active_nodes(network.tail), DEEPLIFT)
