"""Decode one file into an upright RGB image and the network's input, or say why not."""

from __future__ import annotations

import functools
import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import ExifTags, Image, UnidentifiedImageError

from camcli.errors import ImageError
from camcli.images.color import to_rgb
from camcli.images.geometry import geometry, resized_size, to_input
from camcli.images.walk import other_suffix
from camcli.records import FailedImage, ImageItem, Reading
from camcli.storage.containers import container_suffix
from camcli.storage.reading import MAX_BYTES, read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from camcli.records import ImageRef, Preprocess
    from camcli.storage.location import Location

REDUCED_TO = 3
"""A reduced image is still at least this many times larger than the network's input."""

_Size = tuple[int, int]
_Prepared = tuple[Image.Image, _Size, str | None]
"""The upright RGB image, perhaps reduced, its full size, and a note or None."""

_AS_IT_IS = Reading()
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_REDUCIBLE = ("JPEG", "MPO")
_QUARTER_TURNS = {_UPRIGHT[value] for value in (5, 6, 7, 8)}


def decode(
    ref: ImageRef, preprocess: Preprocess, reading: Reading = _AS_IT_IS
) -> ImageItem | FailedImage:
    """Read, decode and prepare one image; whatever goes wrong is returned, never raised.

    A JPEG file far larger than needed is decoded at a half, a quarter or an eighth of its size,
    directly from its DCT coefficients: the reduced image is still at least `REDUCED_TO` times as
    wide and high as the network's input before the crop. The input then differs from that of the
    full-size image by less than half a level of 255 on average, and decoding takes a fraction of
    the time (both measured; see docs/results/performance.md).
    """
    try:
        return _decode(ref, preprocess, reading)
    except Exception as error:  # a decoder fed with arbitrary bytes raises anything at all
        return FailedImage(ref, type(error).__name__, _message(error))


def prepare(
    image: Image.Image, ref: ImageRef, preprocess: Preprocess, reading: Reading = _AS_IT_IS
) -> ImageItem | FailedImage:
    """Prepare an image in memory as the file that it was read from; it is left as it is.

    Its digest is that of its mode, size and pixels.
    """
    try:
        digest = hashlib.sha256(f"{image.mode} {image.size}".encode() + image.tobytes())
        prepared = _prepare(image.copy, preprocess, reading)
        return _item(ref, prepared, preprocess, reading, digest.hexdigest())
    except Exception as error:  # a lazily opened file is decoded here
        return FailedImage(ref, type(error).__name__, _message(error))


def _decode(ref: ImageRef, preprocess: Preprocess, reading: Reading) -> ImageItem:
    data = read_bytes(ref.path, MAX_BYTES)

    def opened() -> Image.Image:
        return Image.open(io.BytesIO(data), formats=_formats())

    try:
        prepared = _prepare(opened, preprocess, reading)
    except UnidentifiedImageError:  # whose message names a buffer, differently every time
        raise ImageError(_unidentified(ref.path, data)) from None
    return _item(ref, prepared, preprocess, reading, hashlib.sha256(data).hexdigest())


def _item(
    ref: ImageRef, prepared: _Prepared, preprocess: Preprocess, reading: Reading, sha256: str
) -> ImageItem:
    image, size, note = prepared
    return ImageItem(
        ref=ref,
        original=kept(image, reading.keep_side),
        pixels=to_input(image, preprocess, size),
        geometry=geometry(preprocess, *size),
        sha256=sha256,
        note=note,
    )


def kept(image: Image.Image, side: int | None) -> Image.Image | None:
    """Return the image to draw over: none, the image itself, or a copy of at most that side."""
    if side == 0:
        return None
    if side is None or max(image.size) <= side:
        return image
    scale = side / max(image.size)
    width, height = (max(1, round(length * scale)) for length in image.size)
    return image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if re.search("truncated|could not create decoder", str(error), re.IGNORECASE):
        return "the file is cut off or damaged: it ends before its picture does"
    return str(error) or "no further explanation"


def _unidentified(path: Location, data: bytes) -> str:
    suffix = other_suffix(str(path))
    if suffix:
        return f"{suffix} files are not read: convert it to .jpg or .png"
    if container_suffix(str(path)):
        return "archives and tables are opened where they are inputs of their own"
    return f"not an image in any known format; it starts with {data[:12]!r}"


def _prepare(
    opened: Callable[[], Image.Image], preprocess: Preprocess, reading: Reading
) -> _Prepared:
    with opened() as image:
        if image.width * image.height > reading.max_pixels:
            raise ImageError(
                f"{image.width} x {image.height} pixels could be a decompression bomb; the limit "
                f"is {reading.max_pixels} (run.max_pixels)"
            )
        frames: int = getattr(image, "n_frames", 1)
        size = image.size
        if image.format in _REDUCIBLE:
            _reduce(image, _factor(_upright(size, _turn(image)), preprocess, reading.keep_side))
        rgb, note = to_rgb(image, opened, preprocess.window)
        turn = _turn(image)
        if turn is not None:
            rgb = rgb.transpose(turn)
    # A palette's transparency, a profile or an orientation must not end up in the overlay.
    rgb.info = {}
    notes = [f"first frame of {frames}"] if frames > 1 else []
    return rgb, _upright(size, turn), "; ".join([*notes, *filter(None, [note])]) or None


def _factor(size: _Size, preprocess: Preprocess, keep_side: int | None) -> float:
    """Return how many times smaller than `size` an image may be decoded."""
    if keep_side is None:
        return 1.0
    needed = resized_size(preprocess, *size)
    for_input = min(have / (REDUCED_TO * need) for have, need in zip(size, needed, strict=True))
    return min(for_input, max(size) / keep_side) if keep_side else for_input


def _reduce(image: Image.Image, factor: float) -> None:
    """Decode a file at a reduced scale, if one divides its size exactly, so that nothing shifts."""
    for scale in (8, 4, 2):
        if scale <= factor and image.width % scale == 0 and image.height % scale == 0:
            image.draft(None, (image.width // scale, image.height // scale))
            return


@functools.cache
def _formats() -> tuple[str, ...]:
    """Return all formats but EPS, for which Pillow would run Ghostscript on untrusted code."""
    Image.init()
    return tuple(name for name in Image.ID if name != "EPS")


def _upright(size: _Size, turn: Image.Transpose | None) -> _Size:
    return size[::-1] if turn in _QUARTER_TURNS else size


def _turn(image: Image.Image) -> Image.Transpose | None:
    """Return the transpose that turns an image upright according to its EXIF data, or None."""
    try:
        return _UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # of any kind: an EXIF block can be broken in many ways
        return None


@dataclass(frozen=True)
class StoredPicture:
    """What a file's header says of its picture, without decoding it.

    Attributes:
        size: (width, height) as stored.
        turn: What turns it upright, None where it is.

    """

    size: _Size
    turn: Image.Transpose | None

    @property
    def upright(self) -> _Size:
        """(width, height) of the image as a viewer shows it."""
        return _upright(self.size, self.turn)


def stored_picture(path: Location) -> StoredPicture:
    """Read the header of an image file; raises whatever a decoder fed with broken bytes raises."""
    source = path if isinstance(path, Path) else io.BytesIO(read_bytes(path, MAX_BYTES))
    with Image.open(source, formats=_formats()) as image:
        return StoredPicture(image.size, _turn(image))
