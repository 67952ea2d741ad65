"""Networks named `example:NAME`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from camcli.config import ModelConfig
from camcli.errors import ModelError, suggest
from camcli.models.loaded import LoadedModel
from camcli.models.sources.base import ListedModel
from camcli.models.sources.prefixed import PrefixedSource
from camcli.models.weights import set_weights, weights_record
from camcli.records import Preprocess

_CHANNELS = {"small": 4, "large": 8}


@dataclass(frozen=True)
class ExampleSource(PrefixedSource):
    """Networks of one convolution, with two classes."""

    label: ClassVar[str] = "example"
    prefix: ClassVar[str] = "example:"
    downloads: ClassVar[bool] = False

    def names(self) -> Sequence[str]:
        """Return the names, with the prefix."""
        return [f"{self.prefix}{name}" for name in _CHANNELS]

    def listed(self) -> list[ListedModel]:
        """Return the networks; none of them has weights to choose from."""
        return [ListedModel(name, self.label, ()) for name in self.names()]

    def load(self, config: ModelConfig, preprocess: Preprocess | None) -> LoadedModel:
        """Make a network; see `Source.load`."""
        name = config.name.removeprefix(self.prefix)
        if name not in _CHANNELS:
            raise ModelError(f"example has no network {name!r}{suggest(name, _CHANNELS)}")
        preprocess = preprocess or Preprocess(32, (32, 32), (0.5,) * 3, (0.5,) * 3)
        network = _made(_CHANNELS[name])
        set_weights(network, config, preprocess.crop)
        return LoadedModel(
            name=config.name,
            network=network.eval(),
            preprocess=preprocess,
            labels=("plain", "edges"),
            default_layer="0",
            weights=weights_record(config.weights),
        )


def _made(channels: int) -> nn.Sequential:
    torch.manual_seed(0)
    features = nn.Sequential(nn.Conv2d(3, channels, 3, padding=1), nn.ReLU())
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 2))
    return nn.Sequential(features, head)
