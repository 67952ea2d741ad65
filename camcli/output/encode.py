"""Files in memory: what is drawn and computed, as the bytes that go to disk."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

try:
    from isal.isal_zlib import compressobj

    # Levels 1 and 2 of ISA-L hash a register before they have set it, the address of their own
    # state: about one image in ten thousand came out other bytes than the last time.
    _LEVEL = 3
except ImportError:  # there is no build of it for every kind of processor
    from zlib import compressobj  # type: ignore[assignment]

    _LEVEL = 1

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL import Image

# Heatmaps are smooth in colour; beyond this, files grow and nothing is seen of it.
_JPEG_QUALITY = 90

_NO_TEXTS: Mapping[str, str] = MappingProxyType({})

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# By mode: colour type and bytes a pixel.
_PNG_COLOURS = {"RGB": (2, 3), "RGBA": (6, 4)}
# The only compression, kinds of filter and interlacing there are.
_PNG_METHODS = (0, 0, 0)
_PNG_SUB = 1
# Filtered at once: no second copy of a giant image.
_PNG_BAND_ROWS = 64


def npy(values: npt.NDArray[np.float32]) -> bytes:
    """Return an array as a float32 `.npy` file."""
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(values, dtype=np.float32), allow_pickle=False)
    return buffer.getvalue()


def png(image: Image.Image, texts: Mapping[str, str] = _NO_TEXTS) -> bytes:
    """Return an image as a PNG file.

    Every row is stored as its differences from the pixel to the left (the filter Sub), compressed
    by ISA-L where that exists. Pillow, which has no setting for it, tries all five filters on every
    row, which alone takes three times as long; so does libpng as torchvision calls it. Files are a
    fifth larger for it (measured on overlays of photographs).

    Args:
        image: RGB or RGBA.
        texts: What the file says of itself, by key; each becomes a text chunk in UTF-8 (iTXt). Keys
            are Latin, of at most 79 characters.

    Raises:
        ValueError: The image has another mode, or a text holds NUL, which would end it.

    """
    if image.mode not in _PNG_COLOURS:
        raise ValueError(f"only RGB and RGBA images are encoded, this is {image.mode}")
    colour_type, depth = _PNG_COLOURS[image.mode]
    rows = np.asarray(image).reshape(image.height, -1)
    bands = (rows[top : top + _PNG_BAND_ROWS] for top in range(0, len(rows), _PNG_BAND_ROWS))
    deflate = compressobj(_LEVEL)
    filtered = (deflate.compress(_png_filtered(band, depth)) for band in bands)
    data = b"".join([*filtered, deflate.flush()])
    header = struct.pack(">IIBBBBB", *image.size, 8, colour_type, *_PNG_METHODS)
    chunks = (
        _png_chunk(b"IHDR", header),
        *(_png_chunk(b"iTXt", _png_text(key, text)) for key, text in texts.items()),
        _png_chunk(b"IDAT", data),
        _png_chunk(b"IEND", b""),
    )
    return b"".join((_PNG_SIGNATURE, *chunks))


def _png_filtered(rows: npt.NDArray[np.uint8], depth: int) -> memoryview:
    filtered = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = _PNG_SUB
    filtered[:, 1 : 1 + depth] = rows[:, :depth]
    np.subtract(rows[:, depth:], rows[:, :-depth], out=filtered[:, 1 + depth :])
    return filtered.data


def _png_text(key: str, text: str) -> bytes:
    """Return the data of a text chunk, not compressed and without a language."""
    if "\0" in key + text:
        raise ValueError(f"the text of {key!r} holds NUL")
    return key.encode("latin-1") + b"\0" + b"\0\0" + b"\0" + b"\0" + text.encode()


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(data, zlib.crc32(kind))
    return b"".join((struct.pack(">I", len(data)), kind, data, struct.pack(">I", check)))


def jpg(image: Image.Image, texts: Mapping[str, str] = _NO_TEXTS) -> bytes:
    """Return an image as a JPEG file.

    Args:
        image: RGB.
        texts: What the file says of itself, by key; its comment has them as JSON in UTF-8.

    """
    buffer = io.BytesIO()
    comment = json.dumps(dict(texts), ensure_ascii=False).encode() if texts else b""
    image.save(buffer, "JPEG", quality=_JPEG_QUALITY, comment=comment)
    return buffer.getvalue()


IMAGE_ENCODERS = {"png": png, "jpg": jpg}
"""What writes an overlay, by `output.overlay_format`."""
