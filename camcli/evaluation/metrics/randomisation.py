"""Cascading randomisation: a map that survives the loss of the weights explains no network."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from camcli.evaluation.metrics.agreement import rank_correlation


def cascading_randomisation(
    network: nn.Module, maps: Callable[[], Tensor], seed: int = 0
) -> Iterator[tuple[str, Tensor]]:
    """Yield how alike the maps stay as weights are replaced by noise, from the output downwards.

    After each module, Spearman's ρ between the maps now and those of the trained network; lower is
    better, and a method whose maps stay as they were draws edges, not explanations. The trained
    weights are put back at the end, also where the caller stops early.

    Adebayo, Gilmer, Muelly, Goodfellow, Hardt, Kim, "Sanity Checks for Saliency Maps", NeurIPS
    2018, arXiv 1810.03292.

    Args:
        network: Its weights are replaced in place, module by module, by normal noise of the same
            mean and standard deviation.
        maps: Computes the maps (B, h, w) with the weights as they are.
        seed: Of the noise.

    Yields:
        The module's path, and ρ of each image, float64 (B,).

    """
    trained = {name: value.detach().clone() for name, value in network.state_dict().items()}
    original = maps().flatten(1)
    generator = torch.Generator().manual_seed(seed)
    try:
        for path, module in reversed(list(_weighted(network))):
            for parameter in module.parameters(recurse=False):
                _replace_by_noise(parameter, generator)
            yield path, rank_correlation(maps().flatten(1), original)
    finally:
        network.load_state_dict(trained)


def _weighted(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for path, module in network.named_modules():
        if any(parameter.dim() > 1 for parameter in module.parameters(recurse=False)):
            yield path, module


@torch.no_grad()
def _replace_by_noise(parameter: Tensor, generator: torch.Generator) -> None:
    noise = torch.randn(parameter.shape, generator=generator).to(parameter)
    deviation = parameter.std() if parameter.numel() > 1 else parameter.abs().sum()
    parameter.copy_(parameter.mean() + deviation * noise)
