"""What every kind of file that holds images offers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Protocol

from camcli.storage.containers.entry import Entry


class ContainerError(Exception):
    """A file is not what its suffix says, or damaged; the message says how."""


class ElsewhereError(Exception):
    """An entry has no bytes of its own but says where they are.

    Attributes:
        path: The file, which the table's maker could read.

    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Container(Protocol):
    """An open file that holds images. Nothing of it is ever written to disk.

    Attributes:
        of_images: Whether each of its entries is an image, whatever its name.

    """

    of_images: ClassVar[bool]

    def entries(self) -> Iterator[Entry]:
        """Yield everything in it but folders, in the order of the file.

        Raises:
            ContainerError: It is damaged.

        """
        ...

    def read(self, name: str, span: tuple[int, int] | None, most: int) -> bytes:
        """Return the bytes of an entry.

        Args:
            name: The entry's.
            span: The entry's, where it is known.
            most: How many there may be.

        Raises:
            ElsewhereError: It only says which file has them.
            ImageError: It is not there, has more bytes than that, or cannot be unpacked.

        """
        ...
