"""The images that a command line names."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from camcli.errors import CamcliError
from camcli.records import ImageRef


@dataclass(frozen=True)
class Inputs:
    """The images that a command line names.

    Attributes:
        refs: All of them; perhaps endless.
        total: How many are to be explained, None where that is not known.
        left_out: How many pictures are not among them, by suffix.

    """

    refs: Iterable[ImageRef]
    total: int | None
    left_out: Mapping[str, int] = field(default_factory=dict)


def images_of(inputs: Sequence[str], nul: bool, limit: int | None, output: Path) -> Inputs:
    """Return the images that a command line names.

    Args:
        inputs: Files, folders and globs, or a single `-` for paths on standard input.
        nul: Whether those paths end in NUL rather than in newlines.
        limit: The most images to explain, None for all.
        output: The output folder, whose images are not inputs.

    Raises:
        CamcliError: `-` stands beside other inputs, `nul` is given without it, or an input holds
            no image.

    """
    from camcli.images.find import find_images, read_paths, refs_from_paths

    if "-" in inputs:
        if len(inputs) > 1:
            raise CamcliError("- (paths on standard input) cannot stand beside other inputs")
        return Inputs(islice(refs_from_paths(read_paths(sys.stdin.buffer, nul)), limit), None)
    if nul:
        raise CamcliError("--null is for paths on standard input: give - as the input")
    listing = find_images(inputs, output)
    return Inputs(listing, min(len(listing), limit or len(listing)), listing.left_out)
