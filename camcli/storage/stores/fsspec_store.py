"""`hf://`, the files of repositories on the Hugging Face Hub, by fsspec."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import fsspec

from camcli.errors import ImageError
from camcli.storage.location import Url
from camcli.storage.stores.base import StoredObject
from camcli.storage.stores.failures import failure


class FsspecStore:
    """What lies behind a scheme that fsspec knows; see `Store`. A key is all behind `scheme://`."""

    shared: ClassVar[bool] = True

    def __init__(self, root: Url) -> None:
        try:
            self._files: Any = fsspec.filesystem(root.scheme)
        except ImportError:
            raise ImageError(
                f"{root.scheme}:// needs a package of its own: pip install huggingface_hub"
            ) from None
        self._root = str(root)

    def size(self, key: str) -> int | None:
        """Return an object's length; see `Store.size`."""
        try:
            found = self._files.info(key)
        except FileNotFoundError:
            return None
        except Exception as error:  # each file system raises its own kinds
            raise self._failure(error, key) from None
        return int(found["size"]) if found["type"] == "file" else None

    def fetch(self, key: str, most: int) -> bytes:
        """Return an object; see `Store.fetch`."""
        size = self.size(key)
        if size is None:
            raise self._failure(FileNotFoundError(), key)
        if size > most:
            raise ImageError(f"the object has {size} bytes; the limit is {most}")
        return self.read(key, 0, size)

    def read(self, key: str, start: int, length: int) -> bytes:
        """Return a part of an object; see `Store.read`."""
        try:
            return bytes(self._files.cat_file(key, start=start, end=start + length))
        except Exception as error:  # as above
            raise self._failure(error, key) from None

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects below a prefix; see `Store.list`."""
        try:
            found = self._files.find(prefix, detail=True)
        except Exception as error:  # as above
            raise self._failure(error, prefix) from None
        for key in sorted(found):
            yield StoredObject(key.lstrip("/"), int(found[key]["size"]))

    def _failure(self, error: Exception, key: str) -> ImageError:
        return failure(error, f"{self._root}{key}", shared=True)
