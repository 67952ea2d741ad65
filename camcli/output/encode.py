"""Files in memory: what is drawn and computed, as the bytes that go to disk."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

try:
    from isal.isal_zlib import compressobj
except ImportError:  # there is no build of it for every kind of processor
    from zlib import compressobj  # type: ignore[assignment]

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL import Image

# Heatmaps are smooth in colour; beyond this, files grow and nothing is seen of it.
_JPEG_QUALITY = 90

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Bits a sample, colour type, and the only compression, kinds of filter and interlacing there are.
_PNG_EIGHT_BIT_RGB = (8, 2, 0, 0, 0)
_PNG_SUB = 1
# Filtered at once: no second copy of a giant image.
_PNG_BAND_ROWS = 64


def npy(values: npt.NDArray[np.float32]) -> bytes:
    """Return an array as a float32 `.npy` file."""
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(values, dtype=np.float32), allow_pickle=False)
    return buffer.getvalue()


def png(image: Image.Image) -> bytes:
    """Return an RGB image as a PNG file; raises `ValueError` where it has another mode.

    Every row is stored as its differences from the pixel to the left (the filter Sub), compressed
    by ISA-L where that exists. Pillow, which has no setting for it, tries all five filters on every
    row, which alone takes three times as long; so does libpng as torchvision calls it. Files are a
    fifth larger for it (measured on overlays of photographs).
    """
    if image.mode != "RGB":
        raise ValueError(f"only RGB images are encoded, this is {image.mode}")
    rows = np.asarray(image).reshape(image.height, -1)
    bands = (rows[top : top + _PNG_BAND_ROWS] for top in range(0, len(rows), _PNG_BAND_ROWS))
    deflate = compressobj(1)
    data = b"".join([*(deflate.compress(_png_filtered(band)) for band in bands), deflate.flush()])
    header = struct.pack(">IIBBBBB", *image.size, *_PNG_EIGHT_BIT_RGB)
    chunks = _png_chunk(b"IHDR", header), _png_chunk(b"IDAT", data), _png_chunk(b"IEND", b"")
    return b"".join((_PNG_SIGNATURE, *chunks))


def _png_filtered(rows: npt.NDArray[np.uint8]) -> memoryview:
    filtered = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = _PNG_SUB
    filtered[:, 1:4] = rows[:, :3]
    np.subtract(rows[:, 3:], rows[:, :-3], out=filtered[:, 4:])
    return filtered.data


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(data, zlib.crc32(kind))
    return b"".join((struct.pack(">I", len(data)), kind, data, struct.pack(">I", check)))


def jpg(image: Image.Image) -> bytes:
    """Return an image as a JPEG file."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()


IMAGE_ENCODERS = {"png": png, "jpg": jpg}
"""What writes an overlay, by `output.overlay_format`."""
