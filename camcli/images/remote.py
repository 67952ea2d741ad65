"""The images that a URL names: one, those below a prefix, or those in an archive or table."""

from __future__ import annotations

from collections.abc import Iterator

from camcli.errors import ImageError, InputError
from camcli.images.listing import Picture
from camcli.images.members import pictures_in
from camcli.images.names import safe_name
from camcli.images.walk import has_magic, is_listed, other_suffix, unopened
from camcli.storage.containers import container_suffix
from camcli.storage.location import Url, packed
from camcli.storage.stores import is_object, objects_below


def pictures_at(url: Url, alone: bool) -> Iterator[Picture]:
    """Yield the pictures that a URL names.

    Args:
        url: An object, or what the keys of objects begin with up to a `/`.
        alone: Whether there is no other input, so that names need not say which they are of.

    Raises:
        InputError: There is neither, or the store does not give it.

    """
    parts = url.parts
    suffix = container_suffix(parts[-1])
    try:
        if suffix:
            yield from pictures_in(url, [] if alone else [parts[-1].removesuffix(suffix)])
        elif is_object(url):
            yield Picture(packed(url), safe_name(parts))
        elif has_magic(parts[-1]):
            raise InputError(f"{url}: patterns are not expanded in URLs: name the folder")
        else:
            yield from _below(url, [] if alone else parts[-1:])
    except ImageError as error:
        raise InputError(str(error)) from None


def _below(url: Url, prefix: list[str]) -> Iterator[Picture]:
    base = url.whole.rstrip("/")
    found = (key.split("/") for key, _ in objects_below(url))
    for parts in sorted(parts for parts in found if is_listed(parts)):
        location = packed(Url("/".join([base, *parts])))
        name = safe_name([*prefix, *parts])
        yield Picture(location, name, suffix=other_suffix(parts[-1]), refused=unopened(parts[-1]))
