"""A CSV file that lists images, by path or URL."""

from __future__ import annotations

import csv
import io
import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from camcli.errors import CamcliWarning, InputError
from camcli.images.listing import Picture
from camcli.images.names import safe_name
from camcli.images.walk import other_suffix
from camcli.storage.location import Url, is_url, packed

_IMAGE = ("image", "path", "file", "url")
_LABEL = "label"


def listed_in(path: Path) -> Iterator[Picture]:
    """Yield the images that a CSV file lists, each called what the file calls it.

    The header has one of `image`, `path`, `file` and `url`, of which the first that is there
    counts, and may have `label`. A path starts from the folder of the file. Images are not looked
    for: one that is missing fails where it would be explained.

    Raises:
        InputError: It cannot be read, has no such column, or a line names no image.

    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        column = _image_column(path, reader.fieldnames or ())
        for row in reader:
            image = (row[column] or "").strip()
            if not image:
                raise InputError(
                    f"line {reader.line_num} of {path} names no image: {column} is empty"
                )
            yield _picture(path.parent, image, (row.get(_LABEL) or "").strip() or None)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read {path}: {error}") from None


def _image_column(path: Path, header: Sequence[str]) -> str:
    column = next((name for name in _IMAGE if name in header), None)
    if column is None:
        raise InputError(
            f"{path} needs a header with one of {', '.join(_IMAGE)} to list images; it has "
            f"{', '.join(header) or 'none'}"
        )
    unread = [name for name in header if name not in (column, _LABEL)]
    if unread:
        message = f"{path}: as a list of images, nothing reads the columns {', '.join(unread)}"
        warnings.warn(message, CamcliWarning, stacklevel=2)
    return column


def _picture(folder: Path, image: str, label: str | None) -> Picture:
    if is_url(image):
        url = Url(image)
        return Picture(packed(url), safe_name(url.parts), label, other_suffix(url.parts[-1]))
    parts = os.path.splitdrive(image)[1].replace(os.sep, "/").split("/")
    return Picture(str(folder / image), safe_name(parts), label, other_suffix(image))
