from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from camcli.demo.network import normalised
from camcli.demo.scenes import make_scene
from camcli.images.decode import decode
from camcli.models import LoadedModel
from camcli.network.split import SplitNetwork
from camcli.records import ImageItem, ImageRef
from camcli.run.cut import split_at


@pytest.fixture(scope="session")
def squeezenet_split(squeezenet: LoadedModel) -> SplitNetwork:
    return split_at(squeezenet, "auto", torch.device("cpu"))


@pytest.fixture(scope="session")
def photo_batch(photos: Path, squeezenet: LoadedModel) -> torch.Tensor:
    """All the photographs as SqueezeNet wants them, (B, 3, 224, 224)."""
    preprocess = squeezenet.preprocess
    items = [
        decode(ImageRef(i, path, path.name), preprocess)
        for i, path in enumerate(sorted(photos.glob("*.JPEG")))
    ]
    pixels = np.stack([item.pixels for item in items if isinstance(item, ImageItem)])
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    mean = torch.tensor(preprocess.mean).view(3, 1, 1)
    return (images - mean) / torch.tensor(preprocess.std).view(3, 1, 1)


@pytest.fixture(scope="module")
def demo_split(demo_model: LoadedModel) -> SplitNetwork:
    return split_at(demo_model, "auto", torch.device("cpu"))


@pytest.fixture(scope="module")
def scene_batch() -> Tensor:
    """Sixteen scenes as the demo network wants them."""
    images = [np.asarray(make_scene(7_300_000 + n, objects=1).image) for n in range(16)]
    return normalised(torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2))
