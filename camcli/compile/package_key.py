"""Under which name a package is cached: a digest of everything its machine code depends on."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from torch import Tensor, fx

from camcli import __version__
from camcli.compile.inference_form import InferenceTrunk
from camcli.system.cache_folders import cache_folder

# Increase it whenever packages are made in another way.
_FORMAT = 3


def package_path(trunk: InferenceTrunk, example: Tensor) -> Path:
    """Return where the package of a trunk for batches like `example` is, or would be.

    The name covers the graph, the weights, the shape and precision of the batch, the versions of
    camcli and PyTorch, the processor's instructions, the number of threads and the device.
    """
    sha = hashlib.sha256()
    surroundings = (
        _FORMAT,
        __version__,
        torch.__version__,
        torch.backends.cpu.get_cpu_capability(),
        torch.get_num_threads(),
        _kind_of(example.device),
        tuple(example.shape),
        str(trunk.dtype),
        *(part.code for part in trunk.module.modules() if isinstance(part, fx.GraphModule)),
    )
    sha.update(repr(surroundings).encode())
    for name, tensor in trunk.module.named_buffers():
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        sha.update(flat.view(torch.uint8).numpy().data)
    return cache_folder("compiled") / f"{sha.hexdigest()[:32]}.pt2"


def _kind_of(device: torch.device) -> tuple[object, ...]:
    """Return what machine code depends on: the model of a GPU, not which one of several."""
    if device.type != "cuda":
        return (str(device),)
    return torch.cuda.get_device_name(device), torch.backends.cudnn.allow_tf32
