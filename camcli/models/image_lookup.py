"""How a user's file refers to an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from camcli.records import ImageRef


def entry_of(ref: ImageRef, by_image: Mapping[str, Sequence[int]]) -> Sequence[int] | None:
    """Return what a file lists for an image, None where it lists nothing.

    The image may be listed by its name in the run, by its path, or by its file name alone; the
    first of these that is listed counts.
    """
    keys = (ref.name, str(ref.path), ref.path.name)
    return next((by_image[key] for key in keys if key in by_image), None)
