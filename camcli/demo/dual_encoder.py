"""The demo's dual encoder: open_clip's CLIP in a small configuration, trained on scenes."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from camcli.demo.captions import CONTEXT_LENGTH, VOCABULARY_SIZE

IMAGE_SIZE = 128
"""Side, in pixels, of the square images the network was trained on."""

MEAN: tuple[float, float, float] = (0.74, 0.66, 0.63)
"""Per-channel RGB mean to subtract from images scaled to 0 to 1."""

STD: tuple[float, float, float] = (0.21, 0.18, 0.19)
"""Per-channel RGB standard deviation to divide by afterwards."""

WIDTH = 64
"""The dimension of its embeddings."""

DEFAULT_LAYER = "layer3"
"""The last stage but one of the image tower: 256 channels, 8x8. The last is only 4x4."""

WEIGHTS = "dual_encoder.safetensors"
"""The file of the trained parameters, float16, beside the demo network's."""

_CONFIGURATION: dict[str, Any] = {
    "embed_dim": WIDTH,
    "vision_cfg": {
        "layers": (1, 1, 1, 1),
        "width": 16,
        "head_width": 64,
        "image_size": IMAGE_SIZE,
    },
    "text_cfg": {
        "context_length": CONTEXT_LENGTH,
        "vocab_size": VOCABULARY_SIZE,
        "width": 64,
        "heads": 2,
        "layers": 2,
    },
}


def new_dual_encoder() -> nn.Module:
    """Return an untrained CLIP of open_clip: a ResNet with attention pooling, and a transformer.

    Raises:
        ImportError: open_clip is not installed.

    """
    from open_clip.model import CLIP

    network: nn.Module = CLIP(**_CONFIGURATION)
    return network


def load_dual_encoder() -> nn.Module:
    """Return the trained network from the packaged weights: float32, CPU, evaluation mode.

    Raises:
        ImportError: open_clip is not installed.
        FileNotFoundError: The package was installed without its weights.

    """
    network = new_dual_encoder()
    with as_file(files("camcli.demo") / "weights" / WEIGHTS) as path:
        network.load_state_dict(load_file(path))
    return network.eval()


def normalised(images: Tensor) -> Tensor:
    """Turn uint8 images (batch, 3, height, width) into the float32 input the network expects."""
    mean = torch.tensor(MEAN).view(1, 3, 1, 1)
    std = torch.tensor(STD).view(1, 3, 1, 1)
    return (images.float() / 255.0 - mean) / std
