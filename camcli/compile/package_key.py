"""Under which name a package is cached: a digest of everything its machine code depends on."""

from __future__ import annotations

import hashlib
import os
import subprocess
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from camcli import __version__
from camcli.compile.inference_form import InferenceTrunk
from camcli.compile.worker import MODES
from camcli.network.graph_digest import code_of, tensors_of
from camcli.system.cache_folders import cache_folder
from camcli.system.tensor_digest import digest_of

# Increase it whenever packages are made in another way.
_FORMAT = 4
# Environment variables that the compiler's process inherits and obeys.
_OBEYED = ("TORCHINDUCTOR_", "TRITON_", "CXX", "CPPFLAGS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def package_path(trunk: InferenceTrunk, example: Tensor) -> Path:
    """Return where the package of a trunk for batches like `example` is, or would be.

    The name covers the graph, the weights and constants with their layout in memory, the shape and
    precision of the batch, the versions of camcli, PyTorch and the C++ compiler, Inductor's modes
    and the environment variables that it obeys, the processor's instructions, the number of threads
    and the device. Flags of this process other than TF32, such as deterministic algorithms, do not
    reach the compiler's process; subnormal numbers are flushed to zero in both.
    """
    tensors = list(tensors_of(trunk.module))
    surroundings = (
        _FORMAT,
        __version__,
        torch.__version__,
        torch.backends.cpu.get_cpu_capability(),
        torch.get_num_threads(),
        _kind_of(example.device),
        _compiler(os.environ.get("CXX") or "g++"),
        MODES.get(example.device.type),
        _environment(),
        tuple(example.shape),
        str(trunk.dtype),
        *(tensor.stride() for _, tensor in tensors),
        *code_of(trunk.module),
    )
    sha = hashlib.sha256(repr(surroundings).encode())
    sha.update(digest_of(tensors))
    return cache_folder("compiled") / f"{sha.hexdigest()[:32]}.pt2"


def _environment() -> list[tuple[str, str]]:
    """Return what the compiler obeys; where it keeps its own files changes no package."""
    return sorted(
        (name, value)
        for name, value in os.environ.items()
        if name.startswith(_OBEYED) and not name.endswith("_CACHE_DIR")
    )


@lru_cache
def _compiler(command: str) -> str:
    """Return what a C++ compiler says of itself, nothing where there is none."""
    try:
        said = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.partition("\n")[0]


def _kind_of(device: torch.device) -> tuple[object, ...]:
    """Return what machine code depends on: the model of a GPU, not which one of several."""
    if device.type != "cuda":
        return (str(device),)
    return torch.cuda.get_device_name(device), torch.backends.cudnn.allow_tf32
