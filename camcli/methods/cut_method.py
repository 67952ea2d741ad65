"""A method together with the network that it explains, cut where it looks."""

from __future__ import annotations

from dataclasses import dataclass

from camcli.methods.base import Method
from camcli.methods.layer_mean import LayerMean
from camcli.methods.normalisation import Normalisation
from camcli.network.split import SplitNetwork

_USUAL = Normalisation()


@dataclass(frozen=True)
class CutMethod:
    """One of the methods of a run.

    Attributes:
        method: The method; where it is averaged over layers, a `LayerMean` of it.
        network: Cut at the (first) layer that it explains at. Methods that look at the same layers
            share it, and with it what the trunk returns.
        normalisation: What of its raw maps is kept, and as which numbers.

    """

    method: Method
    network: SplitNetwork
    normalisation: Normalisation = _USUAL

    @property
    def name(self) -> str:
        """The method's name."""
        return self.method.name

    @property
    def of_one_layer(self) -> Method:
        """The method as it is at each layer, where it is averaged over several."""
        return self.method.method if isinstance(self.method, LayerMean) else self.method

    @property
    def cuts(self) -> tuple[SplitNetwork, ...]:
        """The network, cut at each of the layers."""
        further = self.method.further if isinstance(self.method, LayerMean) else ()
        return (self.network, *further)

    @property
    def layer(self) -> str:
        """The layer explained at, or several joined by `+`."""
        return "+".join(network.layer for network in self.cuts)
