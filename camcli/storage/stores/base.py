"""What every kind of store offers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, NamedTuple, Protocol

from camcli.errors import ImageError


class StoreError(ImageError):
    """A store gives nothing at all: what failed for one object would fail for all others."""


class StoredObject(NamedTuple):
    """What a store says of an object: its key, and its length in bytes."""

    key: str
    size: int


class Store(Protocol):
    """A bucket, or what takes its place. Every key is below its root.

    Attributes:
        shared: Whether what it refuses for one object as a whole, it refuses for all.

    Raises:
        ImageError: An object cannot be had; the message says why, without credentials.
        StoreError: None can.

    """

    shared: ClassVar[bool]

    def size(self, key: str) -> int | None:
        """Return an object's length in bytes, None where there is no such object."""
        ...

    def fetch(self, key: str, most: int) -> bytes:
        """Return an object of no more than so many bytes."""
        ...

    def read(self, key: str, start: int, length: int) -> bytes:
        """Return that part of an object, less where it ends before."""
        ...

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects below a prefix, which ends with `/` unless it is empty, by key."""
        ...
