"""Make a network with random weights one whose scores depend on what it sees."""

from __future__ import annotations

from contextlib import suppress

import torch
from torch import nn

_NOISE_IMAGES = 8


@torch.no_grad()
def enliven(network: nn.Module, size: tuple[int, int]) -> None:
    """Fit batch-norm statistics to random weights, and redraw heads that start at zero.

    As they are initialised, some networks score every image alike: batch-norm's untouched
    statistics let the signal fade from layer to layer, and transformers start from an all-zero
    head. An explanation of such a network is rounding error. One pass over noise, in training
    mode, sets the statistics; the network ends in the mode it came in. Random numbers come from
    PyTorch's global generator, which the caller seeds.

    Args:
        network: Any module over images.
        size: (H, W) of the noise images, the network's input.

    """
    for module in network.modules():
        if isinstance(module, nn.Linear) and not module.weight.any():
            nn.init.normal_(module.weight, std=module.in_features**-0.5)
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    if not norms:
        return
    was_training, momenta = network.training, [norm.momentum for norm in norms]
    network.eval()
    for norm in norms:
        norm.momentum = 1.0
        norm.train()
    with suppress(Exception):  # tracing the network will raise it as well, and find the reason
        network(torch.randn(_NOISE_IMAGES, 3, *size))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.train(was_training)
