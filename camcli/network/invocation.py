"""How a network is run: how it is given the images, and in what precision it computes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from inspect import Parameter

import torch
from torch import Tensor, nn

from camcli.errors import ModelError
from camcli.network.precision import InSinglePrecision
from camcli.network.returned import tensors_of

_KEYWORDS_OF_IMAGES = ("pixel_values", "images", "image", "img")
"""By which networks with several optional inputs, such as those of transformers, know images."""

_STARRED = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


@dataclass(frozen=True)
class Invocation:
    """A way to run a network.

    Attributes:
        keyword: The argument of its forward that takes the images, None for the first.
        replaced: The dtypes that it asks for and does not get: it computes in float32 instead.

    """

    keyword: str | None = None
    replaced: frozenset[torch.dtype] = frozenset()

    def __call__(self, network: nn.Module, images: Tensor) -> dict[str, Tensor]:
        """Return the tensors of the network's output by their paths; see `tensors_of`."""
        precision = InSinglePrecision(self.replaced, images.device)
        with precision if self.replaced else nullcontext():
            if self.keyword is None:
                return tensors_of(network(images))
            return tensors_of(network(**{self.keyword: images}))


class Invoked(nn.Module):
    """A network behind its invocation: images (B, 3, H, W) to tensors by their paths."""

    def __init__(self, network: nn.Module, invocation: Invocation) -> None:
        """Take both; the network keeps its parameters and hooks."""
        super().__init__()
        self.network = network
        self._invocation = invocation

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Run the network."""
        return self._invocation(self.network, images)


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode, and each of its modules back into its own after.

    Parts that `torch.compile` was applied to run uncompiled.
    """
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        with torch.compiler.set_stance("force_eager"):
            yield
    finally:
        for module, training in modes.items():
            module.training = training


def argument_of_images(network: nn.Module) -> str | None:
    """Return the keyword by which a network's forward takes images, None for its first argument.

    Raises:
        ModelError: It has no forward, or takes no input, or needs more than one.

    """
    parameters = list(_signature(network).parameters.values())
    needed = [p for p in parameters if p.default is p.empty and p.kind not in _STARRED]
    if len(needed) > 1:
        raise ModelError(
            f"the forward of {type(network).__name__} needs {len(needed)} inputs, "
            f"{' and '.join(p.name for p in needed)}: camcli gives a network one, the images. "
            "Wrap it in a module that holds the others, or give them defaults"
        )
    if not parameters:
        raise ModelError(f"the forward of {type(network).__name__} takes no input")
    if needed:
        return needed[0].name if needed[0].kind is Parameter.KEYWORD_ONLY else None
    names = [p.name for p in parameters if p.kind is not Parameter.POSITIONAL_ONLY]
    known = next((name for name in _KEYWORDS_OF_IMAGES if name in names), None)
    return None if known == parameters[0].name else known


def _signature(network: nn.Module) -> inspect.Signature:
    forward = network.forward
    if getattr(forward, "__func__", None) is nn.Module.forward:
        raise ModelError(
            f"{type(network).__name__} has no forward: it holds modules, and does not say how "
            "images go through them"
        )
    return inspect.signature(forward)
