"""Refuse methods that need a gradient where there is none."""

from __future__ import annotations

from torch import Tensor

from camcli.attribution.attribution import check_rules
from camcli.errors import LayerError
from camcli.methods import METHOD_NAMES, create_method
from camcli.methods.base import Method
from camcli.network.gradient import gradient_of_top, stoppers
from camcli.network.split import SplitNetwork


def require_gradient(method: Method, network: SplitNetwork, images: Tensor) -> None:
    """Check that a method that asks for gradients can have them.

    Args:
        method: The method.
        network: The network, cut at the target layer.
        images: A few, normalised as the network wants them.

    Raises:
        LayerError: No gradient reaches the layer; with the operations that stop it, and the
            methods that need none.

    """
    if not method.uses_gradient or gradient_of_top(network, images) is not None:
        return
    stopped_by = ", ".join(stoppers(network.tail)) or "what lies between"
    raise LayerError(
        f"{method.name} needs the gradient of the scores at the layer {network.layer!r}, and "
        f"{stopped_by} lets none through; choose a layer further on, or a method that needs no "
        f"gradient ({', '.join(_alternatives(network))})"
    )


def _alternatives(network: SplitNetwork) -> list[str]:
    """Return the methods that ask for scores alone, and those that DeepLIFT's rules allow."""
    methods = [create_method(name, {}) for name in METHOD_NAMES]
    with_rules = _has_rules(network)
    return [
        method.name
        for method in methods
        if not (method.uses_gradient or method.uses_relevance)
        and (with_rules or not method.uses_deeplift)
    ]


def _has_rules(network: SplitNetwork) -> bool:
    try:
        check_rules(network)
    except LayerError:
        return False
    return True
