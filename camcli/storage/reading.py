"""Read the bytes of an image, wherever it lies."""

from __future__ import annotations

import hashlib
import stat
import threading
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from camcli.errors import ImageError
from camcli.storage.containers import container_suffix, opened
from camcli.storage.containers.base import Container, ContainerError, ElsewhereError
from camcli.storage.containers.tar import read_span
from camcli.storage.location import Location, Member, Url, location_of
from camcli.system.file_digest import file_digest

MAX_BYTES = 2**30
"""Files larger than this, in bytes, are not read: no image of `MAX_PIXELS` needs so many."""

_OPEN_AT_ONCE = 8
# What is open has one position in its file.
_one_at_a_time = threading.RLock()


def read_bytes(location: Location, most: int = MAX_BYTES) -> bytes:
    """Return the bytes of an image.

    Raises:
        ImageError: There are none, more than `most`, or they cannot be had; the message says why.
        OSError: The system cannot read the file.

    """
    if isinstance(location, Member):
        return _read_member(location, most)
    if isinstance(location, Url):
        from camcli.storage.stores import read_object

        return read_object(location, most)
    return _read_file(location, most)


def digest_of(location: Location) -> str:
    """Return the SHA-256 of an image's bytes, hexadecimal.

    Raises:
        ImageError: They cannot be had.
        OSError: The system cannot read the file.

    """
    if isinstance(location, Path):
        return file_digest(location)
    return hashlib.sha256(read_bytes(location)).hexdigest()


def found_at(text: str) -> Location:
    """Return the location that was written as this text; see `camcli.storage.location`."""
    location = location_of(text)
    if isinstance(location, Path):
        if location.exists():
            return location
        for folder in location.parents:
            if container_suffix(folder.name) and folder.is_file():
                return Member(folder, location.relative_to(folder).as_posix())
        return location
    start, *parts = text.split("/")
    for place in range(3, len(parts)):
        if container_suffix(parts[place - 1]):
            return Member(Url("/".join([start, *parts[:place]])), "/".join(parts[place:]))
    return location


def open_container(container: Path | Url) -> Container:
    """Return an archive or a table, open; one that was opened lately is still open.

    Raises:
        ContainerError: It is not what its suffix says, or damaged.
        ImageError: A store does not give it.
        OSError: The system cannot read it.

    """
    if isinstance(container, Url):
        return _opened(container, ())
    info = container.stat()
    return _opened(container, (info.st_mtime_ns, info.st_size, info.st_ino))


@lru_cache(maxsize=_OPEN_AT_ONCE)
def _opened(container: Path | Url, _state: tuple[int, ...]) -> Container:
    """Open a file that holds others; one that changed since is another one."""
    return opened(str(container), _file(container))


def _file(container: Path | Url) -> BinaryIO:
    if isinstance(container, Path):
        return container.open("rb")
    from camcli.storage.stores import open_object

    return open_object(container)


def _read_member(member: Member, most: int) -> bytes:
    if member.span is not None:
        return _read_span(member.container, member.span, most)
    try:
        with _one_at_a_time:
            return open_container(member.container).read(member.name, member.span, most)
    except ElsewhereError as elsewhere:
        if isinstance(member.container, Url):
            raise ImageError(
                f"the table has no bytes, only the path {elsewhere.path!r} of another machine"
            ) from None
        return _read_file(Path(elsewhere.path), most)
    except ContainerError as error:
        raise ImageError(f"{member.container}: {error}") from None


def _read_span(container: Path | Url, span: tuple[int, int], most: int) -> bytes:
    if isinstance(container, Url):
        from camcli.storage.stores import read_part

        return read_part(container, span, most)
    with container.open("rb") as file:
        return read_span(file, span, most)


def _read_file(path: Path, most: int) -> bytes:
    info = path.stat()
    # Asked before opening: that alone would block on a FIFO and may wake a device.
    if not stat.S_ISREG(info.st_mode):
        kind = "a folder" if stat.S_ISDIR(info.st_mode) else "a pipe, socket or device"
        raise ImageError(f"not a regular file but {kind}")
    if info.st_size == 0:
        raise ImageError("the file is empty")
    if info.st_size > most:
        raise ImageError(f"the file has {info.st_size} bytes; the limit is {most}")
    return path.read_bytes()
