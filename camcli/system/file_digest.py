"""Digests of files and folders, by which runs know what they were given, wherever it lies."""

from __future__ import annotations

import hashlib
from pathlib import Path

_AT_ONCE = 1 << 20


def content_digest(path: Path) -> str:
    """Return a digest of a file's bytes, or of the names and bytes of all files in a folder.

    Neither where it lies nor when it was written makes a difference.

    Raises:
        OSError: Something cannot be read.

    """
    if not path.is_dir():
        return f"sha256:{file_digest(path)}"
    sha = hashlib.sha256()
    files = sorted((file.relative_to(path).as_posix(), file) for file in path.rglob("*"))
    for name, file in files:
        if file.is_file():
            sha.update(f"sha256:{file_digest(file)} {name}\n".encode(errors="surrogateescape"))
    return f"sha256:{sha.hexdigest()}"


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, hexadecimal.

    Raises:
        OSError: It cannot be read.

    """
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_AT_ONCE):
            sha.update(chunk)
    return sha.hexdigest()
