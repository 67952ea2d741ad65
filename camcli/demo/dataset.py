"""Scenes as tensors: images and the classes present, drawn in parallel from their seeds."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from camcli.demo.network import INPUT_SIZE
from camcli.demo.scenes import CLASSES, make_scene


@dataclass(frozen=True, eq=False)
class Examples:
    """`images`: uint8 (n, 3, 128, 128); `targets`: float32 (n, 10), each row summing to one.

    A target spreads its mass evenly over the classes present, or over all ten if there are none.
    """

    images: Tensor
    targets: Tensor


def _drawn(counts: Sequence[int], seed: int) -> tuple[NDArray[np.uint8], list[str]]:
    scene = make_scene(seed, (INPUT_SIZE, INPUT_SIZE), objects=counts[seed % len(counts)])
    return np.asarray(scene.image), [item.class_name for item in scene.objects]


def _target(names: Sequence[str]) -> list[float]:
    present = names or CLASSES
    return [(name in present) / len(present) for name in CLASSES]


def draw_examples(seeds: range, counts: Sequence[int], workers: int = 1) -> Examples:
    """Draw one scene per seed, with `counts[seed % len(counts)]` objects each.

    The result depends on the seeds and counts alone, not on the number of worker processes.
    """
    draw = partial(_drawn, tuple(counts))
    pool = ProcessPoolExecutor(workers, get_context("spawn")) if workers > 1 else nullcontext()
    with pool as executor:
        drawn = list(executor.map(draw, seeds, chunksize=64) if executor else map(draw, seeds))
    images = np.stack([image for image, _ in drawn])
    return Examples(
        images=torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(),
        targets=torch.tensor([_target(names) for _, names in drawn]),
    )
