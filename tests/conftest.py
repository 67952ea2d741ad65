"""Fixtures of many tests: real photographs, the demo model, and small networks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn

from camcli.config import ModelConfig
from camcli.demo.scenes import make_scene
from camcli.models import LoadedModel, load_model


def pytest_configure(config: pytest.Config) -> None:
    """Give each parallel test process one thread: more would compete for the same cores."""
    if hasattr(config, "workerinput"):
        os.environ["OMP_NUM_THREADS"] = "1"  # for the processes that tests start
        torch.set_num_threads(1)


DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def photos() -> Path:
    folder = DATA / "photos"
    if not folder.is_dir():
        pytest.skip("needs the photographs in ../shared/data/photos")
    return folder


@pytest.fixture(scope="session")
def photo_classes(photos: Path) -> Path:
    return photos.parent / "photos.csv"


@pytest.fixture(scope="session")
def torch_home() -> Path:
    folder = DATA / "torch"
    if not folder.is_dir():
        pytest.skip("needs the weights in ../shared/data/torch")
    return folder


@pytest.fixture(scope="session")
def squeezenet(torch_home: Path) -> Iterator[LoadedModel]:
    """SqueezeNet 1.1 with its real ImageNet weights."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_HOME", str(torch_home))
        yield load_model(ModelConfig(name="squeezenet1_1"))


@pytest.fixture(scope="session")
def efficientnet_lite0() -> LoadedModel:
    """EfficientNet-Lite0 with its real ImageNet weights."""
    pytest.importorskip("timm")
    checkpoint = DATA / "checkpoints" / "tf_efficientnet_lite0.safetensors"
    if not checkpoint.is_file():
        pytest.skip("needs the weights in ../shared/data/checkpoints")
    return load_model(ModelConfig(name="timm:tf_efficientnet_lite0", weights=str(checkpoint)))


@pytest.fixture(scope="session")
def demo_model() -> LoadedModel:
    return load_model(ModelConfig(name="demo"))


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of seven scenes, two of them in a subfolder, not all of one size."""
    folder = tmp_path_factory.mktemp("scenes")
    (folder / "more").mkdir()
    sizes = [(160, 120), (120, 160), (128, 128), (200, 130), (128, 150), (140, 140), (256, 100)]
    for number, size in enumerate(sizes):
        where = folder / "more" if number >= 5 else folder
        make_scene(8_000_000 + number, size, objects=1).image.save(where / f"{number}.png")
    return folder


@pytest.fixture
def broken_jpeg(tmp_path: Path) -> Path:
    path = tmp_path / "broken.jpg"
    Image.new("RGB", (64, 64)).save(path)
    path.write_bytes(path.read_bytes()[:100])
    return path


class GlobalAverageHead(nn.Module):
    """Convolutions, then global average pooling and a linear layer: the head of the CAM paper."""

    def __init__(self, channels: int = 6, classes: int = 4) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, channels, 3, stride=4, padding=1), nn.ReLU())
        self.head = nn.Linear(channels, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(self.features(images).mean((2, 3)))
        return logits


@pytest.fixture
def average_head() -> GlobalAverageHead:
    torch.manual_seed(0)
    return GlobalAverageHead().eval()
