"""Decode one file into an upright RGB picture and the network's input, or say why not."""

from __future__ import annotations

import functools
import hashlib
import io
import stat
from typing import TYPE_CHECKING

from PIL import ExifTags, Image, UnidentifiedImageError

from camcli.errors import ImageError
from camcli.images.color import to_rgb
from camcli.images.geometry import geometry, to_input
from camcli.records import FailedImage, ImageItem

if TYPE_CHECKING:
    from pathlib import Path

    from camcli.records import ImageRef, Preprocess

MAX_PIXELS = 178_956_970
"""More than this is taken for a decompression bomb; it is also where Pillow's own alarm is."""
MAX_BYTES = 2**30
"""Files larger than this are not read: no picture of `MAX_PIXELS` needs so much."""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(
    ref: ImageRef, preprocess: Preprocess, max_pixels: int = MAX_PIXELS
) -> ImageItem | FailedImage:
    """Read, decode and prepare one picture; whatever goes wrong is returned, never raised."""
    try:
        return _decode(ref, preprocess, max_pixels)
    except Exception as error:  # a decoder fed with arbitrary bytes raises anything at all
        return FailedImage(ref, type(error).__name__, _message(error))


def _decode(ref: ImageRef, preprocess: Preprocess, max_pixels: int) -> ImageItem:
    data = _read(ref.path)
    picture, note = _open(data, max_pixels)
    return ImageItem(
        ref=ref,
        picture=picture,
        pixels=to_input(picture, preprocess),
        geometry=geometry(preprocess, *picture.size),
        sha256=hashlib.sha256(data).hexdigest(),
        note=note,
    )


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or "no further explanation"


def _read(path: Path) -> bytes:
    info = path.stat()
    # Asked before opening: that alone would block on a FIFO and may wake a device.
    if not stat.S_ISREG(info.st_mode):
        kind = "a folder" if stat.S_ISDIR(info.st_mode) else "a pipe, socket or device"
        raise ImageError(f"not a regular file but {kind}")
    if info.st_size == 0:
        raise ImageError("the file is empty")
    if info.st_size > MAX_BYTES:
        raise ImageError(f"the file has {info.st_size} bytes; the limit is {MAX_BYTES}")
    return path.read_bytes()


def _open(data: bytes, max_pixels: int) -> tuple[Image.Image, str | None]:
    """Return the upright RGB picture, and what there is to note."""
    try:
        image = Image.open(io.BytesIO(data), formats=_formats())
    except UnidentifiedImageError:
        # Pillow's own words name a buffer's address, which says nothing and differs every time.
        start = data[:12]
        raise ImageError(f"not an image in any known format; it starts with {start!r}") from None
    with image:
        if image.width * image.height > max_pixels:
            size = f"{image.width} x {image.height}"
            raise ImageError(
                f"{size} pixels could be a decompression bomb; the limit is {max_pixels} "
                "(run.max_pixels)"
            )
        frames: int = getattr(image, "n_frames", 1)
        image.load()
        picture = _upright(to_rgb(image), image)
    # Palettes' transparency, profiles and orientation must not find their way into the overlay.
    picture.info = {}
    return picture, f"first frame of {frames}" if frames > 1 else None


@functools.cache
def _formats() -> tuple[str, ...]:
    """Name all formats but EPS, for which Pillow would run Ghostscript on a stranger's program."""
    Image.init()
    return tuple(name for name in Image.ID if name != "EPS")


def _upright(picture: Image.Image, image: Image.Image) -> Image.Image:
    """Turn `picture` as the EXIF block of `image`, loaded before, says."""
    try:
        method = _UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # as many kinds as there are ways to break an EXIF block
        return picture
    return picture if method is None else picture.transpose(method)
