"""Compiled trunks on disk: under which name, how they get there, and when they go.

A package is what Inductor made of a trunk: one archive or, where this PyTorch loads that as well, a
folder with the archive's contents, from which a library is loaded in a tenth of the time. It has
another name until it has proved faster than the trunk; if it has not, a file takes its place.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx

from camcli import __version__
from camcli.compile.inference_form import InferenceTrunk
from camcli.system.cache_folders import cache_folder

_KEPT = 12
_DAY = 24 * 3600.0
# A compiler that was killed leaves its folder behind.
_ABANDONED_AFTER = _DAY
# Then drivers, libraries and neighbours may be others.
_REFUTED_FOR = 30 * _DAY
_ARCHIVE = "trunk.pt2"
# Another number whenever packages are made in another way.
_MAKE = 2

# What a library calls for the memory of its weights, and what would give it whole pages.
_ANY_PLACE, _WHOLE_PAGES = b"\0malloc\0", b"\0valloc\0"


def package_path(trunk: InferenceTrunk, example: Tensor) -> Path:
    """Name a package by everything that its machine code depends on, weights included."""
    sha = hashlib.sha256()
    surroundings = (
        _MAKE,
        __version__,
        torch.__version__,
        torch.backends.cpu.get_cpu_capability(),
        torch.get_num_threads(),
        _make_of(example.device),
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


def _make_of(device: torch.device) -> tuple[object, ...]:
    """Return what of a device its code depends on: not which of several alike it is."""
    if device.type != "cuda":
        return (str(device),)
    return torch.cuda.get_device_name(device), torch.backends.cudnn.allow_tf32


@contextmanager
def being_made(package: Path) -> Iterator[Path]:
    """Give a path to write an archive to; it becomes the package, whole, unless that fails.

    What else is written beside it goes.

    Raises:
        OSError: It cannot be written there.
    """
    with tempfile.TemporaryDirectory(prefix=".making-", dir=package.parent) as scratch:
        archive = Path(scratch) / _ARCHIVE
        yield archive
        finished = _improved(archive)
        # A library that lost a part in a power failure would be no error, but a crash.
        os.sync()
        try:
            finished.rename(package)
        except OSError:
            if not package.exists():  # otherwise, another process was quicker
                raise


def _improved(archive: Path) -> Path:
    """Return the best form that loads: an aligned folder, an aligned archive, or what there is.

    PyTorch 2.11 and others of its age load archives only; no library is loaded from a file system
    that forbids execution, while what is in an archive is unpacked elsewhere.
    """
    folder = archive.with_suffix("")
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        opened.extractall(archive.parent)
    for library in folder.rglob("*.so"):
        _align_weights(library)
    if _loads(folder):
        return folder
    aligned = archive.with_stem("aligned")
    with zipfile.ZipFile(aligned, "w") as rewritten:
        for name in names:
            rewritten.write(archive.parent / name, name)
    return aligned if _loads(aligned) else archive


def load(package: Path, device: torch.device) -> Any:
    """Return what runs a package's trunk on a device, which it may not have been made on.

    Raises:
        RuntimeError: The package is broken, or was made for another machine.
    """
    index = -1 if device.index is None else device.index
    return torch._inductor.aoti_load_package(str(package), device_index=index)


def _loads(package: Path) -> bool:
    try:
        torch._inductor.aoti_load_package(str(package))
    except Exception:  # whatever this version says to a folder
        return False
    return True


def _align_weights(library: Path) -> None:
    """Have a library copy its weights to where a page of memory begins.

    PyTorch's own code in it (2.11 and 2.15, `RAII_cpuMalloc`) copies them to where `malloc` says,
    which mostly is 16 bytes beyond a multiple of 64. Every row of a tile of weights then lies in
    two cache lines, and a ResNet-50 in bfloat16 on a processor with AMX takes 8.1 ms an image
    instead of 5.1 (docs/results/performance.md). Inductor has no option for it. `valloc` takes the
    same argument, its memory is freed alike, and its name is as long: among the names that the
    library looks for, the one is replaced by the other.
    """
    if platform.libc_ver()[0] == "glibc":
        library.write_bytes(library.read_bytes().replace(_ANY_PLACE, _WHOLE_PAGES))


def untried(package: Path) -> Path:
    """Return the name of a package that has not proved faster yet."""
    return package.with_suffix(".untried.pt2")


def promote(tried: Path, package: Path) -> None:
    """Give a package its final name, as far as the cache can be written to."""
    with suppress(OSError):  # another run may have done it
        tried.rename(package)


def refute(package: Path) -> None:
    """Leave the word, for a month, that a package of that name brings nothing here."""
    with suppress(OSError):  # a cache that cannot be written to serves as well
        _refutation(package).touch()


def is_refuted(package: Path) -> bool:
    """Return whether it was found that a package of that name brings nothing here."""
    try:
        return _last_use(_refutation(package)) > time.time() - _REFUTED_FOR
    except OSError:
        return False


def _refutation(package: Path) -> Path:
    return package.with_suffix(".refuted")


def mark_used(package: Path) -> None:
    """Note that a package is in use, and forget those whose last use is longest ago."""
    with suppress(OSError):  # a cache that cannot be written to serves as well
        os.utime(package)
        by_last_use = sorted(package.parent.glob("*.pt2"), key=_last_use)
        unfinished = _older(package.parent.glob(".*"), _ABANDONED_AFTER)
        outdated = _older(package.parent.glob("*.refuted"), _REFUTED_FOR)
        for forgotten in by_last_use[:-_KEPT] + unfinished + outdated:
            discard(forgotten)


def _older(paths: Iterable[Path], seconds: float) -> list[Path]:
    return [path for path in paths if _last_use(path) < time.time() - seconds]


def _last_use(path: Path) -> float:
    return path.stat().st_mtime


def discard(package: Path) -> None:
    """Remove a package, if it is there; a run that has it loaded is not disturbed."""
    if package.is_dir():
        shutil.rmtree(package, ignore_errors=True)
    else:
        package.unlink(missing_ok=True)
