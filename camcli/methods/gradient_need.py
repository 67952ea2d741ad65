"""Refuse methods that need a gradient where there is none."""

from __future__ import annotations

from camcli.attribution.attribution import check_rules
from camcli.errors import LayerError
from camcli.methods import METHOD_NAMES, create_method
from camcli.methods.base import Method
from camcli.network.gradient import gradient_of_top, stoppers
from camcli.network.split import SplitNetwork
from camcli.network.trial import Trial


def require_gradient(method: Method, trial: Trial) -> None:
    """Check that a method that asks for gradients can have them.

    Args:
        method: The method.
        trial: A few images in the network, cut at the target layer.

    Raises:
        LayerError: No gradient reaches the layer; with the operations that stop it, and the
            methods that need none.

    """
    if not method.uses_gradient or gradient_of_top(trial) is not None:
        return
    network = trial.halves
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
