"""Names that are valid on every file system, in JSON and in any shell."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from camcli.config.artefacts import ARTEFACT_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

# What some system forbids in a path component: control characters, line separators, Windows'
# reserved punctuation, and surrogates (bytes that were not UTF-8, which JSON cannot carry).
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff<>:"|?*\\]')
# File systems stop at 255 bytes; the difference is for "~2" and for suffixes like ".281.npy".
_MAX_PART_BYTES = 200
_MAX_SUFFIX_BYTES = 16
# Not `.jpg`: folders named like a photograph keep their names.
_WRITTEN = tuple(
    {suffix for kind in ARTEFACT_KINDS.values() for suffix in kind.suffixes} - {".jpg"}
)


def safe_name(parts: Iterable[str]) -> str:
    """Join path components into a relative POSIX name that cannot leave its folder.

    Roots, drives, `.` and `..` must have been split into components of their own; they are
    dropped. Unsafe characters are percent-encoded (`a%0Ab.jpg`, an invalid byte as `%FF`) and
    components of over 200 bytes shortened to a prefix, a digest of the whole and the suffix. A
    folder named like a file that may be written (`cat.jpg.npy`) gets a `~`.
    """
    kept = [part for part in parts if part.strip("/\\") not in {"", ".", ".."}]
    safe = [_shorten(_UNSAFE.sub(_percent, part)) for part in kept]
    folders = (f"{part}~" if part.lower().endswith(_WRITTEN) else part for part in safe[:-1])
    return "/".join([*folders, *safe[-1:]]) or "unnamed"


def _percent(match: re.Match[str]) -> str:
    char = match.group()
    escaped_byte = "\udc80" <= char <= "\udcff"
    data = char.encode("utf-8", "surrogateescape" if escaped_byte else "surrogatepass")
    return "".join(f"%{byte:02X}" for byte in data)


def _shorten(part: str) -> str:
    data = part.encode()
    if len(data) <= _MAX_PART_BYTES:
        return part
    suffix = PurePosixPath(part).suffix
    if len(suffix.encode()) > _MAX_SUFFIX_BYTES:
        suffix = ""
    tail = f"-{hashlib.sha256(data).hexdigest()[:16]}{suffix}"
    head = data[: _MAX_PART_BYTES - len(tail.encode())].decode(errors="ignore")
    return head + tail


class UniqueNames:
    """Hands out every name once: `cat.jpg`, then `cat~2.jpg`, `cat~3.jpg`.

    Names that differ only in case or in how accents are encoded count as the same, as they do on
    some file systems to which an output folder may be copied.
    """

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def take(self, name: str) -> str:
        """Return `name`, or its first numbered variant that is still free."""
        unique = name
        while _folded(unique) in self._taken:
            number = self._next.get(name, 2)
            self._next[name] = number + 1
            unique = _numbered(name, number)
        self._taken.add(_folded(unique))
        return unique


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _numbered(name: str, number: int) -> str:
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}~{number}{path.suffix}"))
