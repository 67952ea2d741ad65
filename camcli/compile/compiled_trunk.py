"""A compiled trunk, which takes batches of one size, made to take any number of images."""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from torch import Tensor

from camcli.compile.inference_form import InferenceTrunk
from camcli.compile.package_file import load_package


class CompiledTrunk:
    """A compiled trunk: images (B, 3, H, W) -> (activation, *bypass), float32 outside.

    It is compiled for one batch size. Larger batches are split, smaller ones are padded; batches
    of half the size or less, as when memory has run out, are run uncompiled.
    """

    def __init__(self, package: Path, trunk: InferenceTrunk, example: Tensor) -> None:
        """Load a package that was made for batches like `example`.

        Raises:
            RuntimeError: The package is broken, or was made for another machine.
        """
        # It would warn, every time, that there is no CUDA on a machine without it.
        logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
        self._run = load_package(package, example.device)
        self._trunk = trunk
        self._batch_size = len(example)

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        """Run the trunk on any number of float32 images."""
        parts = [self._run_part(part) for part in images.split(self._batch_size)]
        if len(parts) == 1:
            return parts[0]
        by_output = zip(self._trunk.batch_dims, *parts, strict=True)
        return tuple(torch.cat(outputs, dim) for dim, *outputs in by_output)

    def _run_part(self, images: Tensor) -> tuple[Tensor, ...]:
        missing = self._batch_size - len(images)
        if missing >= len(images):
            return self._trunk(images)
        padded = torch.cat([images, images[-1:].expand(missing, -1, -1, -1)]) if missing else images
        outputs = zip(self._run(self._trunk.prepared(padded)), self._trunk.batch_dims, strict=True)
        return tuple(output.narrow(dim, 0, len(images)).float() for output, dim in outputs)
