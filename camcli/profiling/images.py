"""The images to measure: those given, or else the sample images."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from camcli.demo.samples import write_samples
from camcli.images.find import find_images
from camcli.records import ImageRef

_COPIES = 4  # of the ten sample images


@contextmanager
def images_to_measure(inputs: Sequence[str], limit: int) -> Iterator[Sequence[ImageRef]]:
    """List the images of the inputs, or draw samples if there are none, to be used inside only.

    Args:
        inputs: Files, folders and globs; may be empty.
        limit: The most images to list.

    Raises:
        InputError: An input does not exist, or holds no image.

    """
    with tempfile.TemporaryDirectory(prefix="camcli-samples-") as drawn:
        if not inputs:
            for copy in range(_COPIES):
                write_samples(Path(drawn) / str(copy))
            inputs = [drawn]
        yield find_images(inputs, Path(drawn) / "out")[:limit]
