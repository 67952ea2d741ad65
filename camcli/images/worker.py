"""The child process that decodes, and what it says to its parent.

A message is a line of JSON with the lengths of the byte strings that follow it. Nothing is
unpickled: a decoder that a hostile file has taken over can send no more than a wrong picture.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from camcli.allocator import keep_freed_memory
from camcli.images.decode import decode
from camcli.records import (
    MAX_PIXELS,
    FailedImage,
    Geometry,
    ImageItem,
    ImageRef,
    Preprocess,
    Reading,
)

Answer = tuple[dict[str, Any], list[bytes]]

# As much as a picture of twenty megapixels: more would be the memory of one giant in every process.
_KEPT_BYTES = 1 << 26

READY = {"ready": True}


def main() -> None:
    """Decode what standard input asks for until it ends."""
    # A signal to the whole group of processes is for the parent, which ends this one by closing.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    keep_freed_memory(_KEPT_BYTES)
    requests, answers = sys.stdin.buffer, _taken_from_libraries(sys.stdout.fileno())
    send(answers, READY)
    while (request := receive(requests)) is not None:
        message, _ = request
        ref = ImageRef(0, Path(message["path"]), "")
        # Pillow's own alarm goes off at twice this, also for pictures inside of other files. It is
        # never lowered: Pillow also asks it about what we crop.
        reading = Reading(**message["reading"])
        Image.MAX_IMAGE_PIXELS = max(MAX_PIXELS, reading.max_pixels) // 2 + 1
        decoded = decode(ref, preprocess_from(message["preprocess"]), reading)
        send(answers, *_described(decoded))


def request_for(path: Path, preprocess: Preprocess, reading: Reading) -> dict[str, Any]:
    """Return the message that asks for a picture."""
    return {"path": str(path), "preprocess": asdict(preprocess), "reading": asdict(reading)}


def answer_for(
    ref: ImageRef, message: dict[str, Any], blobs: Sequence[bytes]
) -> ImageItem | FailedImage:
    """Return what a message says of a picture."""
    if "type" in message:
        return FailedImage(ref, message["type"], message["message"])
    pixels, *kept = blobs
    width, height = message["width"], message["height"]
    left, top, right, bottom = message["crop_box"]
    return ImageItem(
        ref=ref,
        picture=_picture(message["kept"], *kept) if kept else None,
        pixels=np.frombuffer(pixels, np.uint8).reshape(message["input"]),
        geometry=Geometry(width, height, (left, top, right, bottom)),
        sha256=message["sha256"],
        note=message["note"],
    )


def send(stream: BinaryIO, message: dict[str, Any], blobs: Sequence[bytes] = ()) -> None:
    """Write a message with its byte strings."""
    head = json.dumps(message | {"lengths": [len(blob) for blob in blobs]})
    stream.write(f"{head}\n".encode("ascii"))
    for blob in blobs:
        stream.write(blob)
    stream.flush()


def receive(stream: BinaryIO) -> Answer | None:
    """Read a message with its byte strings; None where it, or the stream, ends too early."""
    head = stream.readline()
    if not head.endswith(b"\n"):
        return None
    message = json.loads(head)
    blobs = [stream.read(length) for length in message["lengths"]]
    return (message, blobs) if [*map(len, blobs)] == message["lengths"] else None


def preprocess_from(fields: dict[str, Any]) -> Preprocess:
    """Return the preprocessing that JSON has turned into lists."""
    known: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }
    return Preprocess(**known)


def _described(decoded: ImageItem | FailedImage) -> tuple[dict[str, Any], Sequence[bytes]]:
    if isinstance(decoded, FailedImage):
        return {"type": decoded.type, "message": decoded.message}, ()
    kept = decoded.picture
    message = {
        "width": decoded.geometry.width,
        "height": decoded.geometry.height,
        "crop_box": decoded.geometry.crop_box,
        "input": decoded.pixels.shape,
        "kept": kept and kept.size,
        "sha256": decoded.sha256,
        "note": decoded.note,
    }
    pixels = decoded.pixels.tobytes()
    return message, (pixels,) if kept is None else (pixels, kept.tobytes())


def _picture(size: Sequence[int], pixels: bytes) -> Image.Image:
    width, height = size
    return Image.frombuffer("RGB", (width, height), pixels, "raw", "RGB", 0, 1)


def _taken_from_libraries(descriptor: int) -> BinaryIO:
    """Keep a descriptor for ourselves; what a C library prints there goes nowhere."""
    kept = os.dup(descriptor)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
    return os.fdopen(kept, "wb")
