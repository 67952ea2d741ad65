"""Where things are kept, how much they take, and whether that can be written to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from camcli.doctor.finding import Finding
from camcli.system.cache_folders import cache_folder


def caches() -> Iterator[Finding]:
    """Yield the folder of camcli's own cache, and that of the weights that torch downloads."""
    yield _folder("camcli", cache_folder("any").parent)
    yield _folder("torch", _hub())


def _hub() -> Path:
    import torch

    return Path(torch.hub.get_dir()).parent


def _folder(name: str, path: Path) -> Finding:
    problem = None
    if not os.access(_existing(path), os.W_OK):
        problem = (
            f"{path} cannot be written to, so what would be kept there is made anew each time; "
            "let XDG_CACHE_HOME name a folder of your own"
        )
    return Finding("caches", name, f"{_size(path)} in {path}", problem)


def _existing(path: Path) -> Path:
    """Return the folder itself, or the nearest above it that there is."""
    return next(place for place in (path, *path.parents) if place.exists())


def _size(path: Path) -> str:
    taken = sum(
        (Path(folder) / name).lstat().st_size
        for folder, _, names in os.walk(path)
        for name in names
    )
    return f"{taken / 2**20:.1f} MiB"
