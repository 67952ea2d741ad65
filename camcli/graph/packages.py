"""Compiled trunks on disk: under which name, how they get there, and when they go.

A package is what Inductor made of a trunk: one archive or, where this PyTorch loads that as well, a
folder with the archive's contents, from which a library is loaded in a tenth of the time.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch
from torch import Tensor

from camcli import __version__
from camcli.cache import cache_folder
from camcli.graph.fast import FastTrunk

_KEPT = 12
_ARCHIVE = "trunk.pt2"


def package_path(trunk: FastTrunk, example: Tensor) -> Path:
    """Name a package by everything that its machine code depends on, weights included."""
    sha = hashlib.sha256()
    surroundings = (
        __version__,
        torch.__version__,
        torch.backends.cpu.get_cpu_capability(),
        torch.get_num_threads(),
        str(example.device),
        tuple(example.shape),
        str(trunk.dtype),
        trunk.module.code,
    )
    sha.update(repr(surroundings).encode())
    for name, tensor in trunk.module.named_buffers():
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        sha.update(flat.view(torch.uint8).numpy().data)
    return cache_folder("compiled") / f"{sha.hexdigest()[:32]}.pt2"


@contextmanager
def being_made(package: Path) -> Iterator[Path]:
    """Give a path to write an archive to; it becomes the package, whole, unless that fails.

    Raises:
        OSError: It cannot be written there.
    """
    with tempfile.TemporaryDirectory(prefix=".making-", dir=package.parent) as scratch:
        archive = Path(scratch) / _ARCHIVE
        yield archive
        finished = _unpacked(archive)
        # A library that lost a part in a power failure would be no error, but a crash.
        os.sync()
        try:
            finished.rename(package)
        except OSError:
            if not package.exists():  # otherwise, another process was quicker
                raise


def _unpacked(archive: Path) -> Path:
    """Return the archive's contents as a folder beside it, or itself where that cannot be loaded.

    PyTorch 2.11 and others of its age load archives only; no library is loaded from a file system
    that forbids execution, while what is in an archive is unpacked elsewhere.
    """
    folder = archive.with_suffix("")
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(archive.parent)
    try:
        torch._inductor.aoti_load_package(str(folder))
    except Exception:  # whatever this version says to a folder
        return archive
    return folder


def mark_used(package: Path) -> None:
    """Note that a package is in use, and forget those whose last use is longest ago."""
    with suppress(OSError):  # a cache that cannot be written to serves as well
        os.utime(package)
        by_last_use = sorted(package.parent.iterdir(), key=lambda path: path.stat().st_mtime)
        for forgotten in by_last_use[:-_KEPT]:
            discard(forgotten)


def discard(package: Path) -> None:
    """Remove a package, if it is there; a run that has loaded it already is not disturbed."""
    if package.is_dir():
        shutil.rmtree(package, ignore_errors=True)
    else:
        package.unlink(missing_ok=True)
