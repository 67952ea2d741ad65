"""Probes of networks, and the components that are found with them."""

from __future__ import annotations

import torch
from torch import Tensor

from camcli.demo.network import MEAN, STD
from camcli.methods.base import Saliency, SubMaps
from camcli.methods.probe import Probe
from camcli.network.split import SplitNetwork


def probe_of(network: SplitNetwork, images: Tensor, mean: tuple, std: tuple) -> Probe:
    black = -torch.tensor(mean) / torch.tensor(std)
    return Probe(network, images, black=black.view(3, 1, 1))


def demo_probe(network: SplitNetwork, images: Tensor) -> Probe:
    return probe_of(network, images, MEAN, STD)


def components_of(saliency: Saliency) -> SubMaps:
    assert saliency.components is not None
    return saliency.components
