"""Objects in stores, by URL: each scheme has a class.

The table holds import paths: the packages of the extra `remote` are for those who use them.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import BinaryIO, cast

from camcli.errors import ImageError
from camcli.storage.location import Url
from camcli.storage.stores.base import Store, StoredObject
from camcli.system.distribution import install_command

STORES: Mapping[str, str] = {
    "s3": "camcli.storage.stores.object_store:ObjectStore",
    "gs": "camcli.storage.stores.object_store:ObjectStore",
    "az": "camcli.storage.stores.object_store:ObjectStore",
    "http": "camcli.storage.stores.object_store:WebServer",
    "https": "camcli.storage.stores.object_store:WebServer",
    "hf": "camcli.storage.stores.fsspec_store:FsspecStore",
}
"""By scheme."""

# What is read at once of an archive: headers and labels lie between images.
_WINDOW = 1 << 20


def is_object(url: Url) -> bool:
    """Return whether a URL names an object, rather than what the keys of objects begin with.

    A web server is not asked: it may know no folders, nor answer before the object is read.

    Raises:
        ImageError: The store does not say.

    """
    if url.whole.endswith("/"):
        return False
    store, key = _store_and_key(url)
    return not store.shared or (bool(key) and store.size(key) is not None)


def read_object(url: Url, most: int) -> bytes:
    """Return the bytes of an object.

    Raises:
        ImageError: It cannot be had, or has none, or more than `most`.

    """
    store, key = _store_and_key(url)
    data = store.fetch(key, most)
    if not data:
        raise ImageError("the object is empty")
    return data


def read_part(url: Url, span: tuple[int, int], most: int) -> bytes:
    """Return the bytes of a member that lies in an object as it is.

    Raises:
        ImageError: It cannot be had, or has none, or more than `most`.

    """
    start, length = span
    if not 0 < length <= most:
        raise ImageError(f"the member has {length} bytes; they may be 1 to {most}")
    store, key = _store_and_key(url)
    data = store.read(key, start, length)
    if len(data) < length:
        raise ImageError("the archive ends before this member does")
    return data


def open_object(url: Url) -> BinaryIO:
    """Return an object as a file that is read part by part.

    Raises:
        ImageError: There is none, or the store does not say.

    """
    store, key = _store_and_key(url)
    size = store.size(key)
    if size is None:
        raise ImageError(f"{url}: there is no such object")
    return cast(BinaryIO, io.BufferedReader(_Parts(store, key, size), _WINDOW))


def objects_below(url: Url) -> Iterator[tuple[str, StoredObject]]:
    """Yield every object below a URL, with its key as it goes on from there.

    Raises:
        ImageError: The store gives no listing.

    """
    store, key = _store_and_key(url)
    prefix = f"{key.rstrip('/')}/" if key else ""
    for found in store.list(prefix):
        if found.key.startswith(prefix):
            yield found.key[len(prefix) :], found


class _Parts(io.RawIOBase):
    """An object that is read where it is asked for."""

    def __init__(self, store: Store, key: str, size: int) -> None:
        self._store, self._key, self._size = store, key, size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = start + offset
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        length = min(len(buffer), self._size - self._position)
        if length <= 0:
            return 0
        data = self._store.read(self._key, self._position, length)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def _store_and_key(url: Url) -> tuple[Store, str]:
    """Return the store of an object, and its key there.

    Raises:
        ImageError: There is none, its package is missing, or the URL has a password in it.

    """
    scheme, rest = url.scheme, url.whole.partition("://")[2]
    host, _, key = rest.partition("/")
    if "@" in host and scheme != "hf":  # where `@` names a revision
        raise ImageError(
            f"{url}: credentials do not belong into URLs: leave them out, and set them in the "
            "environment"
        )
    if scheme == "hf":
        return _opened(Url("hf://")), rest
    # As what a server is asked for, a URL with a query or with escapes is all one.
    if scheme in ("http", "https") and (set("?#%") & set(rest) or not key):
        return _opened(url), ""
    return _opened(Url(f"{scheme}://{host}")), key


@lru_cache(maxsize=32)
def _opened(root: Url) -> Store:
    home = STORES.get(root.scheme)
    if home is None:
        raise ImageError(f"no store is known for {root.scheme}://: give {', '.join(STORES)}")
    module, _, attribute = home.partition(":")
    try:
        made: Store = getattr(importlib.import_module(module), attribute)(root)
    except ModuleNotFoundError as error:
        raise ImageError(
            f"{root.scheme}:// needs the package {error.name}: {install_command('remote')}"
        ) from None
    return made
