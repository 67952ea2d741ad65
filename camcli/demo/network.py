"""The demo network: small and convolutional, with a last stage that is still spatial."""

from importlib.resources import as_file, files

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from camcli.demo.scenes import CLASSES

INPUT_SIZE = 128
"""Side, in pixels, of the square images the network was trained on."""

MEAN: tuple[float, float, float] = (0.74, 0.66, 0.63)
"""Per-channel RGB mean to subtract from images scaled to 0 to 1."""

STD: tuple[float, float, float] = (0.21, 0.18, 0.19)
"""Per-channel RGB standard deviation to divide by afterwards."""

DEFAULT_LAYER = "stages.3"
"""The last convolutional stage: 112 channels, 16x16 for a 128x128 image."""

_WIDTHS = (24, 48, 96, 112)
_HEAD_WIDTH = 224


def _block(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    ]


class DemoNet(nn.Module):
    """Ten-way classifier of cartoon scenes, for float32 images (batch, 3, height, width).

    The receptive field of the last stage is 71 pixels, about the size of an object, so that
    evidence stays where it was found. Any sides of at least 8 pixels are accepted.
    """

    def __init__(self) -> None:
        super().__init__()
        first, second, third, fourth = _WIDTHS
        self.stages = nn.Sequential(
            nn.Sequential(*_block(3, first, 2)),
            nn.Sequential(*_block(first, second, 2), *_block(second, second, 1)),
            nn.Sequential(*_block(second, third, 2), *_block(third, third, 1)),
            nn.Sequential(*_block(third, fourth, 1), *_block(fourth, fourth, 1)),
        )
        # Logits that are not linear in the last stage let saliency methods differ.
        self.expand = nn.Sequential(nn.Conv2d(fourth, _HEAD_WIDTH, 1), nn.ReLU())
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(_HEAD_WIDTH, len(CLASSES))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits of shape (batch, 10) in the order of `CLASSES`."""
        pooled = self.pool(self.expand(self.stages(images))).flatten(1)
        logits: Tensor = self.classifier(pooled)
        return logits


def load_demo() -> DemoNet:
    """Return the trained network from the packaged weights, on the CPU, in evaluation mode.

    Raises `FileNotFoundError` if the package was installed without its weights.
    """
    network = DemoNet()
    with as_file(files("camcli.demo") / "weights" / "demo.safetensors") as path:
        network.load_state_dict(load_file(path))
    return network.eval()


def normalised(images: Tensor) -> Tensor:
    """Turn uint8 images (batch, 3, height, width) into the float32 input the network expects."""
    mean = torch.tensor(MEAN).view(1, 3, 1, 1)
    std = torch.tensor(STD).view(1, 3, 1, 1)
    return (images.float() / 255.0 - mean) / std
