"""What says where an image's bytes lie, and how it is written down.

A location is a `Path`, a `Url`, or a `Member` of a file that lies at either. As text it is what
users write themselves: `photos/a.jpg`, `s3://bucket/a.jpg`, `photos.tar/a.jpg`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
# No path holds it, so what begins with it is a member, and it parts what is said of that.
_NUL = "\0"


@dataclass(frozen=True)
class Url:
    """An object in a store.

    Its text is without user, password and query, which may hold credentials; `whole` has them.
    """

    whole: str

    def __str__(self) -> str:
        host, slash, rest = self.whole.partition("://")[2].partition("/")
        if self.scheme in ("http", "https"):
            rest = re.split("[?#]", rest)[0]
            host = re.split("[?#]", host)[0]
        # Elsewhere `?` and `#` are letters of a key like others.
        return f"{self.scheme}://{host.rpartition('@')[2]}{slash}{rest}"

    @property
    def parts(self) -> list[str]:
        """The components of its text without the scheme: the host or bucket, then the key's."""
        return str(self).partition("://")[2].rstrip("/").split("/")

    @property
    def scheme(self) -> str:
        """What stands before `://`, in lower case."""
        return self.whole.partition("://")[0].lower()


@dataclass(frozen=True)
class Member:
    """An image inside a file.

    Attributes:
        container: The file, such as an archive.
        name: What finds the member there: its path without `.` or `..`, or the number of a row.
        span: Where its bytes lie in the file, as (offset, length); None where they have to be
            looked up or unpacked.

    """

    container: Path | Url
    name: str
    span: tuple[int, int] | None = None

    def __str__(self) -> str:
        return f"{self.container}/{self.name}"


Location = Path | Url | Member


def is_url(text: str) -> bool:
    """Return whether a text begins as a URL does."""
    return _SCHEME.match(text) is not None


def location_of(text: str) -> Path | Url:
    """Return the file or the object that a text names."""
    return Url(text) if is_url(text) else Path(text)


def packed(location: Location) -> str:
    """Return a location as one text, with all that reading it needs."""
    if isinstance(location, Member):
        span = [str(number) for number in location.span or ()]
        return _NUL.join(["", packed(location.container), location.name, *span])
    return location.whole if isinstance(location, Url) else str(location)


def unpacked(text: str) -> Location:
    """Return the location that `packed` was given."""
    if not text.startswith(_NUL):
        return location_of(text)
    _, container, name, *span = text.split(_NUL)
    return Member(location_of(container), name, (int(span[0]), int(span[1])) if span else None)


def absolute(location: Location) -> str:
    """Return the text of a location, that of a file from the root on."""
    if isinstance(location, Path):
        # As text: a million paths are compared, and links must stay what they are.
        return os.path.abspath(location)  # noqa: PTH100
    if isinstance(location, Url):
        return str(location)
    return f"{absolute(location.container)}/{location.name}"


def folder_name(location: Location) -> str:
    """Return what the folder is called in which an image lies, a member's in its archive.

    That of a member at the top is what the archive is called without its suffix.
    """
    if isinstance(location, Member) and "/" not in location.name:
        return PurePosixPath(str(location.container)).stem
    return PurePosixPath(absolute(location)).parent.name
