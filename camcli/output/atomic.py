"""Write files whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path


def write_bytes(
    path: Path, data: bytes, staging: Path | None = None, durable: bool = False
) -> None:
    """Write a file so that whoever looks sees all of it or nothing; makes missing folders.

    Args:
        path: The file.
        data: What it will hold.
        staging: A folder of the same file system, where it is written before it is moved into
            place; by default the file's own. What a killed process leaves behind lies there.
        durable: Wait until the data are on the disk, so that a file that is replaced survives a
            power failure as the one or the other.

    Raises:
        OSError: It could not be written; nothing is left behind.

    """
    write_chunks(path, (data,), staging, durable)


def write_chunks(
    path: Path, chunks: Iterable[bytes], staging: Path | None = None, durable: bool = False
) -> None:
    """Write a file piece by piece, whole or not at all; see `write_bytes`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".writing-", dir=staging or path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(chunks)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_UMASK)  # noqa: PTH101
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def name_in(error: OSError) -> str | None:
    """Return the file that an error is about: of a move, the name that a user knows."""
    name = error.filename if error.filename2 is None else error.filename2
    return None if name is None else os.fsdecode(name)


def _current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


# Read once, at import: setting it to read it is not safe among threads.
_UMASK = _current_umask()
