"""A small network with an ending of one's choice."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from camcli.errors import CamcliWarning
from camcli.network.endings.meaning import Probabilities, kind_of, probabilities_of
from camcli.network.split import SplitNetwork, check_split, split
from camcli.network.trace import trace

IMAGES = torch.randn(2, 3, 6, 6, generator=torch.Generator().manual_seed(1))

Close = Callable[[Tensor, Tensor], Tensor]


class Ended(nn.Module):
    """Convolution, average, two linear layers, and what is made of their numbers (B, N)."""

    def __init__(self, close: Close, classes: int = 3) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Conv2d(3, 4, 3)
        self.head, self.second = nn.Linear(4, classes), nn.Linear(4, classes)
        with torch.no_grad():
            self.head.weight.mul_(4)
        self.close = close

    def logits(self, images: Tensor) -> Tensor:
        """Return the numbers of the first linear layer."""
        return self.head(self.stem(images).tanh().mean((2, 3)))

    def forward(self, images: Tensor) -> Tensor:
        features = self.stem(images).tanh().mean((2, 3))
        return self.close(self.head(features), self.second(features))


@dataclass(frozen=True)
class Opened:
    """What became of an ended network: the cut one, its numbers, and what was told."""

    halves: SplitNetwork
    logits: Tensor
    scores: Tensor
    probabilities: Tensor
    returned: Tensor
    told: str

    @property
    def kind(self) -> str:
        return kind_of(self.halves.probabilities)


def opened(close: Close, classes: int = 3, asked: Probabilities | None = None) -> Opened:
    """Trace, cut and check a network that ends in `close`; all its numbers are of `IMAGES`."""
    network = Ended(close, classes).eval()
    with warnings.catch_warnings(record=True) as caught, torch.no_grad():
        warnings.simplefilter("always")
        traced = trace(network, IMAGES, None, asked)
        halves = split(traced, "stem")
        check_split(halves, traced, network, IMAGES)
        scores = halves.predict(IMAGES)
        return Opened(
            halves=halves,
            logits=network.logits(IMAGES),
            scores=scores,
            probabilities=probabilities_of(scores, halves.probabilities),
            returned=network(IMAGES).reshape(len(IMAGES), -1).float(),
            told=" ".join(str(w.message) for w in caught if w.category is CamcliWarning),
        )
