"""Zip archives, whose members are unpacked one by one, in memory."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import cached_property
from typing import BinaryIO, ClassVar

from camcli.errors import ImageError
from camcli.storage.containers.base import ContainerError
from camcli.storage.containers.entry import Entry, member

# Pictures hardly shrink; a bomb has a thousandth of the size that it unpacks to.
_SUSPICIOUS_RATIO = 100
_SUSPICIOUS_BYTES = 100 << 20
_ENCRYPTED = 1
_BAD = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error, EOFError)


class Zip:
    """A zip archive; see `Container`."""

    of_images: ClassVar[bool] = False

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._archive = zipfile.ZipFile(file)
        except _BAD as error:
            raise ContainerError(f"it is damaged, cut off or no zip archive: {error}") from None
        self._length = file.seek(0, 2)

    def entries(self) -> Iterator[Entry]:
        """Yield the members; see `Container.entries`."""
        infos = self._archive.infolist()
        if sum(info.compress_size for info in infos) > self._length:
            raise ContainerError("its members lie over each other, as in a decompression bomb")
        for info in infos:
            if not info.is_dir():
                yield member(info.filename, None, _refused(info))

    def read(self, name: str, span: tuple[int, int] | None, most: int) -> bytes:  # noqa: ARG002
        """Return a member's bytes; see `Container.read`."""
        info = self._infos.get(name)
        if info is None:
            raise ImageError("the archive has no such member")
        if info.file_size == 0:
            raise ImageError("the file is empty")
        if info.file_size > most:
            raise ImageError(f"the file has {info.file_size} bytes; the limit is {most}")
        try:
            with self._archive.open(info) as file:
                # All at once, it would also unpack what is there beyond the size it states.
                data = file.read(info.file_size)
        except (*_BAD, zlib.error, RuntimeError) as error:
            raise ImageError(f"it cannot be unpacked: {error}") from None
        if len(data) < info.file_size:
            raise ImageError("it cannot be unpacked: it ends too early")
        return data

    @cached_property
    def _infos(self) -> dict[str, zipfile.ZipInfo]:
        return {member(info.filename, None, None).name: info for info in self._archive.infolist()}


def _refused(info: zipfile.ZipInfo) -> str | None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "link"
    if kind not in (0, stat.S_IFREG):
        return "device or pipe"
    if info.flag_bits & _ENCRYPTED:
        return "encrypted"
    if (
        info.file_size > _SUSPICIOUS_BYTES
        and info.file_size > _SUSPICIOUS_RATIO * info.compress_size
    ):
        return "decompression bomb"
    return None
