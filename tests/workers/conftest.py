"""An image, a map of it, and a way to have workers misbehave."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from camcli.config import OutputConfig
from camcli.output.writers import ArtefactWriter
from camcli.records import (
    Components,
    ImageItem,
    ImageRef,
    Preprocess,
    SaliencyMap,
    Target,
)
from camcli.workers import process
from tests.output.made import MADE

PREPROCESS = Preprocess(16, (16, 16), (0.0,) * 3, (1.0,) * 3)


@pytest.fixture(autouse=True)
def _own_limit_of_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo what a worker sets, which usually is a process of its own."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)


@pytest.fixture
def everything(tmp_path: Path) -> ArtefactWriter:
    """Writes maps and overlays."""
    return ArtefactWriter(tmp_path / "out", OutputConfig(), MADE, class_in_name=True)


@pytest.fixture
def image(tmp_path: Path) -> ImageRef:
    path = tmp_path / os.fsdecode(b"a \xff\n.png")
    pixels = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return ImageRef(7, path, "folder/a.png")


def map_of(item: ImageItem, index: int = 3, parts: int = 0) -> SaliencyMap:
    """Return a map of an image for a class, with components where some are asked for."""
    random = np.random.default_rng(index)
    weights = tuple(float(weight) for weight in random.random(parts))
    maps = random.random((parts, 16, 16), np.float32)
    return SaliencyMap(
        item=item,
        target=Target(index, "a \N{SNOWMAN}", float("nan"), 0.25),
        method="lift-cam",
        layer="features",
        values=random.random((16, 16), np.float32),
        range=(-1.0, float("inf")),
        completeness_error=1e-7,
        components=Components(maps, weights, weights, 64) if parts else None,
    )


def let_workers(
    monkeypatch: pytest.MonkeyPatch, function: str, condition: str, action: str
) -> None:
    """Have workers do something before they call a function of `camcli.workers.worker`.

    Args:
        monkeypatch: Takes it back.
        function: Its name.
        condition: When, in terms of its arguments `args`.
        action: A statement.

    """
    trap = (
        "import camcli.workers.worker as w, os, time, signal, ctypes\n"
        f"usual = w.{function}\n"
        "def trapped(*args):\n"
        f"    if {condition}: {action}\n"
        "    return usual(*args)\n"
        f"w.{function} = trapped\n"
    )
    start = "import sys; sys.path[:] = {path!r}\n" + trap + "w.main()"
    monkeypatch.setattr(process, "_START", start)
