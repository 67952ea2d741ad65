"""`s3://`, `gs://`, `az://` and single objects at `http(s)://`, by obstore.

Credentials are found by obstore, in its own environment variables and from the machine's role.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import HTTPStore, from_url

from camcli.errors import ImageError
from camcli.storage.location import Url
from camcli.storage.stores.base import StoredObject
from camcli.storage.stores.failures import failure

# For requests that met an overloaded store or a broken connection.
_RETRY: Any = {
    "max_retries": 4,
    "retry_timeout": timedelta(seconds=40),
    "backoff": {
        "init_backoff": timedelta(milliseconds=200),
        "max_backoff": timedelta(seconds=8),
        "base": 2,
    },
}
# A store without TLS is asked where its endpoint, or the URL, says so: both are the user's own.
_CLIENT: Any = {"connect_timeout": "5s", "timeout": "30s", "allow_http": True}
# obstore raises its own errors, and Python's for what is missing or forbidden.
_ERRORS = (BaseError, OSError, ValueError)


class ObjectStore:
    """A bucket; see `Store`."""

    shared: ClassVar[bool] = True

    def __init__(self, root: Url) -> None:
        try:
            self._store: Any = self._opened(root)
        except _ERRORS:
            raise ImageError(f"{root} is not the URL of a store") from None
        self._root = str(root).rstrip("/")

    def size(self, key: str) -> int | None:
        """Return an object's length; see `Store.size`."""
        try:
            return int(obstore.head(self._store, key)["size"])
        except FileNotFoundError:
            return None
        except _ERRORS as error:
            raise self._failure(error, key) from None

    def fetch(self, key: str, most: int) -> bytes:
        """Return an object; see `Store.fetch`."""
        try:
            found = obstore.get(self._store, key)
            size = int(found.meta["size"])
            if size > most:
                raise ImageError(f"the object has {size} bytes; the limit is {most}")
            return bytes(found.bytes())
        except _ERRORS as error:
            raise self._failure(error, key) from None

    def read(self, key: str, start: int, length: int) -> bytes:
        """Return a part of an object; see `Store.read`."""
        try:
            return bytes(obstore.get_range(self._store, key, start=start, length=length))
        except _ERRORS as error:
            raise self._failure(error, key) from None

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects below a prefix; see `Store.list`."""
        try:
            for chunk in obstore.list(self._store, prefix=prefix or None):
                yield from (StoredObject(found["path"], found["size"]) for found in chunk)
        except _ERRORS as error:
            raise self._failure(error, prefix) from None

    def _opened(self, root: Url) -> Any:
        return from_url(root.whole, client_options=_CLIENT, retry_config=_RETRY)

    def _failure(self, error: Exception, key: str) -> ImageError:
        where = "/".join(filter(None, [self._root, key]))
        return failure(error, where, self.shared)


class WebServer(ObjectStore):
    """A web server, or one object of it, of which its URL says everything and whose key is empty.

    It has no listing, and may allow no request but to read, as a signed URL does. What it refuses
    for one object says nothing of others.
    """

    shared: ClassVar[bool] = False

    def _opened(self, root: Url) -> Any:
        return HTTPStore.from_url(root.whole, client_options=_CLIENT, retry_config=_RETRY)

    def size(self, key: str) -> int | None:
        """Return an object's length, by reading its first byte; see `Store.size`."""
        try:
            found = obstore.get(self._store, key, options={"range": (0, 1)})
        except FileNotFoundError:
            return None
        except _ERRORS as error:
            raise self._failure(error, key) from None
        return int(found.meta["size"])

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Refuse; see `Store.list`."""
        raise ImageError(
            f"{self._root}/{prefix} is a folder of a web server, which cannot be listed: name its "
            "images in a CSV file with the column url"
        )
