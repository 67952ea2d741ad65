"""Image files of more than eight bits, written by hand: Pillow writes few of them."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np


def write_png16(path: Path, values: np.ndarray) -> None:
    """Write uint16 (H, W, C) as a PNG file: grey, grey and alpha, RGB or RGBA."""
    height, width, channels = values.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    chunks = [b"IHDR" + header, b"IDAT" + zlib.compress(rows), b"IEND"]
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks
        )
    )


def write_tiff(
    path: Path, data: bytes, size: tuple[int, int], bits: int, order: str = "<", **tags: int
) -> None:
    """Write one uncompressed strip as a TIFF file.

    Args:
        path: The file.
        data: The strip.
        size: (width, height).
        bits: Of a sample.
        order: `<` for little-endian, `>` for big-endian.
        tags: Further ones; `channels` is how many samples a pixel has.

    """
    channels, white_is_zero = tags.pop("channels", 1), tags.pop("white_is_zero", 0)
    place = 8 + 2 + 12 * (9 + len(tags)) + 4
    photometric = 2 if channels == 3 else 1 - white_is_zero
    many = channels > 2
    fields = {
        256: size[0], 257: size[1], 258: place if many else bits, 259: 1, 262: photometric,
        273: place + 2 * channels, 277: channels, 278: size[1], 279: len(data),
        **{{"least": 340, "largest": 341}[name]: value for name, value in tags.items()},
    }  # fmt: skip
    entries = b""
    for tag, value in sorted(fields.items()):
        count = channels if tag == 258 else 1
        wide = tag in (273, 279) or (tag == 258 and many)
        packed = struct.pack(f"{order}I", value) if wide else struct.pack(f"{order}HH", value, 0)
        entries += struct.pack(f"{order}HHI", tag, 4 if wide and tag != 258 else 3, count) + packed
    path.write_bytes(
        (b"II*\0" if order == "<" else b"MM\0*")
        + struct.pack(f"{order}IH", 8, len(fields))
        + entries
        + bytes(4)
        + struct.pack(f"{order}{channels}H", *[bits] * channels)
        + data
    )
