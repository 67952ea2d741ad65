"""Walk folders and expand globs, in the same order on every machine, safe from symlink loops.

Whatever the file system refuses raises `OSError`.
"""

from __future__ import annotations

import fnmatch
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from camcli.storage.containers import container_suffix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp", ".avif"),
    *(".tif", ".tiff", ".ppm", ".pgm", ".pbm"),
)
"""What the images that are listed end with."""

OTHER_SUFFIXES = (
    *(".heic", ".heif", ".hif", ".jxl", ".jp2", ".j2k", ".jpx", ".jpf", ".jxr", ".psd", ".xcf"),
    *(".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2", ".pef", ".srw", ".raw"),
    *(".svg", ".ico", ".icns", ".tga", ".pcx", ".dds", ".exr", ".hdr", ".pfm", ".pnm", ".apng"),
    *(".dcm", ".dicom", ".nii", ".nii.gz", ".svs", ".ndpi", ".czi", ".fits"),
    *(".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v"),
)
"""What other pictures and films end with: they are counted, so that nobody misses them."""


class _Entry(NamedTuple):
    name: str
    path: str
    is_folder: bool
    is_file: bool


def has_magic(pattern: str) -> bool:
    """Return whether a path that does not exist may be meant as a glob."""
    return any(char in pattern for char in "*?[")


def walk_folder(folder: str, without: Path | None = None) -> Iterator[str]:
    """Yield the pictures below `folder`, sorted component by component.

    A picture is a regular file (or a link to one) with one of `SUFFIXES` or `OTHER_SUFFIXES`, in
    any case; archives and tables come with them, to be told. Hidden files and folders are skipped.
    Linked folders are entered, but each real folder only once, and the folder `without` never is.
    """
    entries = _entries_below(folder, without)
    return (entry.path for entry in entries if entry.is_file and _counts(entry.name))


def expand_glob(pattern: str) -> Iterator[str]:
    """Yield the pictures that `pattern` matches, sorted; `**` stands for any depth.

    As in a shell, `*` and `?` do not match a leading dot; a literal component may begin with one.
    """
    path = Path(pattern)
    seen: set[str] = set()
    for match in _match(path.anchor, list(path.parts[bool(path.anchor) :])):
        if match not in seen and _counts(match) and Path(match).is_file():
            seen.add(match)
            yield match


def other_suffix(path: str) -> str | None:
    """Return what a picture that is not listed ends with, None for an image."""
    name = path.lower()
    return next((suffix for suffix in OTHER_SUFFIXES if name.endswith(suffix)), None)


def unopened(path: str) -> str | None:
    """Return why an archive is not opened that nobody named, None for any other file."""
    return "archives are opened where they are named" if container_suffix(path) else None


def is_listed(parts: Sequence[str]) -> bool:
    """Return whether what lies at a path below a folder is listed or told: no hidden file is."""
    return not any(part.startswith(".") for part in parts) and _counts(parts[-1])


def _counts(path: str) -> bool:
    return path.lower().endswith(SUFFIXES + OTHER_SUFFIXES) or container_suffix(path) is not None


def _match(base: str, parts: list[str]) -> Iterator[str]:
    if not parts:
        yield base
        return
    head, *rest = parts
    if head == "**":
        yield from _match(base, rest or ["*"])
        for entry in _entries_below(base):
            if entry.is_folder:
                yield from _match(entry.path, rest or ["*"])
    elif has_magic(head):
        for entry in _entries(base):
            if fnmatch.fnmatch(entry.name, head) and (entry.is_folder or not rest):
                yield from _match(entry.path, rest)
    elif os.path.lexists(path := str(Path(base, head))):
        yield from _match(path, rest)


def _entries_below(folder: str, without: Path | None = None) -> Iterator[_Entry]:
    """Yield everything visible below a folder, depth first, without recursing: at any depth."""
    entered = {os.path.realpath(path) for path in (folder, without) if path is not None}
    pending = _entries(folder)[::-1]
    while pending:
        entry = pending.pop()
        if entry.is_folder:
            real = os.path.realpath(entry.path)
            if real in entered:
                continue
            entered.add(real)
            pending.extend(_entries(entry.path)[::-1])
        yield entry


def _entries(folder: str) -> list[_Entry]:
    """List what a folder holds, apart from hidden files and folders, sorted by name."""
    with os.scandir(folder or os.curdir) as entries:
        return sorted(_look_at(entry) for entry in entries if not entry.name.startswith("."))


def _look_at(entry: os.DirEntry[str]) -> _Entry:
    try:
        return _Entry(entry.name, entry.path, entry.is_dir(), entry.is_file())
    except OSError:  # a link that leads to itself
        return _Entry(entry.name, entry.path, False, False)
