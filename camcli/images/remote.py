"""The images that a URL names."""

from __future__ import annotations

from collections.abc import Iterator

from camcli.errors import InputError
from camcli.images.listing import Picture
from camcli.storage.location import Url


def pictures_at(url: Url, alone: bool) -> Iterator[Picture]:
    raise InputError(f"{url}: not yet {alone}")
