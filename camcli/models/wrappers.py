"""Take networks out of what they were wrapped in to be trained or to run faster."""

from __future__ import annotations

from torch import nn
from torch._dynamo.eval_frame import OptimizedModule
from torch.optim.swa_utils import AveragedModel

_WRAPPED_AS: dict[type[nn.Module], str] = {
    nn.DataParallel: "module",
    nn.parallel.DistributedDataParallel: "module",
    AveragedModel: "module",
    OptimizedModule: "_orig_mod",
}
"""Wrappers that compute what they hold, each with the name under which it holds it."""


def unwrapped(network: nn.Module) -> nn.Module:
    """Return a network without the wrappers around it, whose names its layers would carry."""
    while True:
        held = next((name for kind, name in _WRAPPED_AS.items() if isinstance(network, kind)), None)
        if held is None:
            return network
        network = getattr(network, held)


def unwrap_parts(network: nn.Module) -> None:
    """Take the wrappers off the modules within a network, in place."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            bare = unwrapped(child)
            if bare is not child:
                module.register_module(name, bare)
