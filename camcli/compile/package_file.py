"""A package on disk: written whole or not at all, and loaded in the best form that works.

PyTorch makes an archive. A folder with the archive's contents loads in a tenth of the time, and on
a CPU its library's weights can be aligned (`camcli.compile.aligned_weights`).
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from camcli.compile.aligned_weights import AlignedLibrary

_ARCHIVE = "trunk.pt2"
_LIBRARY = "*.wrapper.so"

LoadedPackage = Callable[[Tensor], Sequence[Tensor]]


@contextmanager
def being_made(package: Path, device: torch.device) -> Iterator[Path]:
    """Give a path to write an archive to; it becomes the package, whole, unless that fails.

    Everything else that is written beside the archive is removed.

    Raises:
        OSError: It cannot be written there.
    """
    with tempfile.TemporaryDirectory(prefix=".making-", dir=package.parent) as scratch:
        archive = Path(scratch) / _ARCHIVE
        yield archive
        finished = _best_form(archive, device)
        # A library that lost a part in a power failure would be no error, but a crash.
        os.sync()
        try:
            finished.rename(package)
        except OSError:
            if not package.exists():  # otherwise, another process was quicker
                raise


def load_package(package: Path, device: torch.device) -> LoadedPackage:
    """Return what runs a package's trunk on a device, which it may not have been made on.

    Raises:
        RuntimeError: The package is broken, or was made for another machine.
    """
    if device.type == "cpu" and (aligned := _aligned(package)):
        return aligned
    index = -1 if device.index is None else device.index
    loaded: LoadedPackage = torch._inductor.aoti_load_package(str(package), device_index=index)
    return loaded


def _aligned(package: Path) -> AlignedLibrary | None:
    """Return a package with aligned weights, None where this PyTorch or its form has no way."""
    libraries = list(package.rglob(_LIBRARY))
    if len(libraries) != 1:
        return None
    try:
        return AlignedLibrary(libraries[0])
    except (AttributeError, TypeError, RuntimeError):
        return None


def _best_form(archive: Path, device: torch.device) -> Path:
    """Return a folder with an archive's contents if it loads, otherwise the archive.

    No library is loaded from a file system that forbids execution, while what is in an archive is
    unpacked elsewhere.
    """
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(archive.parent)
    folder = archive.with_suffix("")
    try:
        load_package(folder, device)
    except Exception:  # whatever this version of PyTorch raises for a folder
        return archive
    return folder
