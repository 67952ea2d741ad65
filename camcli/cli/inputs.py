"""The images that a command line names."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from camcli.errors import CamcliError
from camcli.records import ImageRef


def images_of(
    inputs: Sequence[str], nul: bool, limit: int | None, output: Path
) -> tuple[Iterable[ImageRef], int | None]:
    """Return the images, and how many are to be explained, or None where that is not known.

    Args:
        inputs: Files, folders and globs, or a single `-` for paths on standard input.
        nul: Whether those paths end in NUL rather than in newlines.
        limit: The most images to explain, None for all.
        output: The output folder, whose images are not inputs.

    Raises:
        CamcliError: `-` stands beside other inputs, or an input holds no image.

    """
    from camcli.images.find import find_images, read_paths, refs_from_paths

    if "-" in inputs:
        if len(inputs) > 1:
            raise CamcliError("- (paths on standard input) cannot stand beside other inputs")
        return islice(refs_from_paths(read_paths(sys.stdin.buffer, nul)), limit), None
    listing = find_images(inputs, output)
    return listing, min(len(listing), limit or len(listing))
