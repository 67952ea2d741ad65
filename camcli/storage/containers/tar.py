"""Tar archives, whose members lie in them as they are: read in place, by offset and length."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from functools import cached_property
from typing import BinaryIO, ClassVar, cast

from camcli.errors import ImageError
from camcli.storage.containers.base import ContainerError
from camcli.storage.containers.entry import Entry, member

_BLOCK = tarfile.BLOCKSIZE
# Headers are read whole into memory: long names, not gigabytes that a header only claims to be.
_MOST_OF_A_HEADER = 1 << 20
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\xfd7": "xz", b"\x28\xb5": "zstd"}


class Tar:
    """An uncompressed tar archive; see `Container`."""

    of_images: ClassVar[bool] = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def entries(self) -> Iterator[Entry]:
        """Yield the members; see `Container.entries`."""
        headers = cast(BinaryIO, _Headers(self._file))
        try:
            with tarfile.TarFile(fileobj=headers, mode="r", errorlevel=0) as archive:
                while (info := archive.next()) is not None:
                    archive.members.clear()  # type: ignore[attr-defined]  # it would keep every one
                    if not info.isdir():
                        yield member(info.name, (info.offset_data, info.size), _refused(info))
                end = archive.offset
        except (tarfile.TarError, OSError, ValueError, OverflowError) as error:
            raise ContainerError(self._damage(error)) from None
        self._check_end(end)

    def read(self, name: str, span: tuple[int, int] | None, most: int) -> bytes:
        """Return a member's bytes; see `Container.read`."""
        span = span or self._spans.get(name)
        if span is None:
            raise ImageError("the archive has no such member")
        return read_span(self._file, span, most)

    @cached_property
    def _spans(self) -> dict[str, tuple[int, int]]:
        return {entry.name: entry.span for entry in self.entries() if entry.span}

    def _damage(self, error: Exception) -> str:
        self._file.seek(0)
        start = self._file.read(2)
        if start in _COMPRESSED:
            return (
                f"it is compressed as a whole ({_COMPRESSED[start]}), so that no member can be "
                "read without all before it: unpack it, as with gunzip, and give the .tar"
            )
        return f"it is damaged or cut off: {error}"

    def _check_end(self, end: int) -> None:
        """Check for the zeros that end an archive: tarfile also stops before what it cannot read.

        Raises:
            ContainerError: They are not there.

        """
        self._file.seek(end)
        block = self._file.read(_BLOCK)
        if len(block) < _BLOCK or block.strip(b"\0"):
            raise ContainerError(
                f"it is cut off or damaged: at byte {end} stands neither a member nor the zeros "
                "that end an archive"
            )


def read_span(file: BinaryIO, span: tuple[int, int], most: int) -> bytes:
    """Return the bytes that lie in a file as they are.

    Raises:
        ImageError: There are none, more than `most`, or the file ends before them.

    """
    offset, length = span
    if length == 0:
        raise ImageError("the file is empty")
    if length > most:
        raise ImageError(f"the file has {length} bytes; the limit is {most}")
    file.seek(offset)
    data = file.read(length)
    if len(data) < length:
        raise ImageError("the archive ends before this member does")
    return data


class _Headers:
    """A file as tarfile reads it to find members: never much at once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell
        file.seek(0)

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MOST_OF_A_HEADER:
            raise tarfile.ReadError(f"a header claims to have {size} bytes")
        return self._file.read(size)

    def close(self) -> None:
        pass


def _refused(info: tarfile.TarInfo) -> str | None:
    if info.issym() or info.islnk():
        return "link"
    if not info.isreg():
        return "device or pipe"
    return "file with holes" if info.issparse() else None
