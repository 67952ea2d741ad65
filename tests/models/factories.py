"""Networks that tests name as `tests.models.factories:NAME`, good ones and bad ones."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Small(nn.Module):
    """A strided stem, a residual convolution, global average pooling, a linear head."""

    def __init__(self, classes: int = 10, width: int = 8) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, width, 7, 4, 3), nn.BatchNorm2d(width), nn.SiLU())
        self.body = nn.Conv2d(width, width, 3, padding=1)
        self.head = nn.Linear(width, classes)

    def features(self, images: Tensor) -> Tensor:
        x = self.stem(images)
        return x + F.gelu(self.body(x))

    def forward(self, images: Tensor) -> object:
        return self.head(self.features(images).mean((2, 3)))


class WithFeatures(Small):
    def forward(self, images: Tensor) -> object:
        x = self.features(images)
        return {"logits": self.head(x.mean((2, 3))), "features": x}


class TwoHeads(Small):
    def forward(self, images: Tensor) -> object:
        scores = self.head(self.features(images).mean((2, 3)))
        return {"main": scores, "aux": 2.0 * scores}


class Binary(Small):
    def forward(self, images: Tensor) -> object:
        return self.head(self.features(images).mean((2, 3))).squeeze(1)


class MultiLabel(Small):
    def forward(self, images: Tensor) -> object:
        return torch.sigmoid(self.head(self.features(images).mean((2, 3))))


class Branching(Small):
    def forward(self, images: Tensor) -> object:
        x = self.stem(images)
        if x.mean() > 0:
            x = -x
        return self.head(x.mean((2, 3)))


class Sorting(Small):
    """Has an operation without a rule behind its stem."""

    def forward(self, images: Tensor) -> object:
        x = self.stem(images)
        return self.head(self.body(x).flatten(2).sort(-1).values[..., -3:].mean(-1))


class FixedSize(Small):
    def forward(self, images: Tensor) -> object:
        if images.shape[-2:] != (64, 64):
            raise ValueError("made for 64x64 images")
        return super().forward(images)


class FixedBatch(Small):
    def forward(self, images: Tensor) -> object:
        extra = torch.zeros(1, self.head.in_features).expand(len(images), -1)
        return self.head(self.features(images).mean((2, 3)) + extra)


class Headless(Small):
    def forward(self, images: Tensor) -> object:
        return self.features(images).mean((2, 3))


class Convolutional(Small):
    """Its scores, or features, are pooled from a convolution of 3x3."""

    def forward(self, images: Tensor) -> object:
        return self.body(self.stem(images)).mean((2, 3))


def build(classes: int = 10) -> Small:
    torch.manual_seed(3)
    return Small(classes)


class Ensemble(Small):
    """The mean of two softmaxes, in double precision."""

    def forward(self, images: Tensor) -> object:
        scores = self.head(self.features(images).mean((2, 3)))
        return ((scores.softmax(1) + (3 * scores).softmax(1)) / 2).double()


def ensemble() -> Small:
    torch.manual_seed(3)
    return Ensemble(4)


def number() -> int:
    return 3


def failing() -> Small:
    raise FileNotFoundError("weights.bin is not here")


READY = Small(4)
NOT_CALLABLE = 3
