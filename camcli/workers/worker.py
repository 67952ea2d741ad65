"""The worker process: decodes images, keeps them, and writes the files of their maps."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any, BinaryIO

from PIL import Image

from camcli.images.decode import decode
from camcli.output.writers import Written
from camcli.records import MAX_PIXELS, ImageItem
from camcli.system.allocator import keep_freed_memory
from camcli.workers import protocol as wire
from camcli.workers.image_cache import ImageCache
from camcli.workers.messages import receive, send

# As much as an image of twenty megapixels: more would be the memory of one giant in every process.
_KEPT_BYTES = 1 << 26

READY = {"ready": True}


def main() -> None:
    """Answer the requests on standard input until it ends."""
    warnings.simplefilter("ignore")
    keep_freed_memory(_KEPT_BYTES)
    requests, answers = sys.stdin.buffer, _taken_from_libraries(sys.stdout.fileno())
    worker = _Worker()
    send(answers, READY)
    while (request := receive(requests)) is not None:
        send(answers, *worker.answer(*request))


class _Worker:
    def __init__(self) -> None:
        self._kept = ImageCache()
        self._parent = os.getppid()

    def answer(self, message: dict[str, Any], blobs: Sequence[bytes]) -> wire.Request:
        for index in message["forget"]:
            self._kept.forget(index)
        if "decode" in message:
            return self._decode(message["decode"])
        return self._write(message["write"], blobs)

    def _decode(self, asked: dict[str, Any]) -> wire.Request:
        ref, preprocess, reading = wire.read_decode_request(asked)
        # Pillow's own alarm goes off at twice this, also for images inside of other files. It is
        # never lowered: Pillow also asks it about what we crop.
        Image.MAX_IMAGE_PIXELS = max(MAX_PIXELS, reading.max_pixels) // 2 + 1
        decoded = decode(ref, preprocess, reading)
        if isinstance(decoded, ImageItem):
            item = wire.without_pixels(decoded)
            self._kept.keep(item, lambda: decode(ref, preprocess, reading))
        return wire.decode_answer(decoded)

    def _write(self, asked: dict[str, Any], blobs: Sequence[bytes]) -> wire.Request:
        if os.getppid() != self._parent:
            # The run was killed, and may have been resumed: its folder is no longer ours.
            sys.exit()
        written: list[Written] | Exception
        try:
            maps = wire.read_write_request(asked, blobs, self._kept.get(asked["index"]))
            written = wire.writer_from_json(asked["writer"]).write(maps)
        except Exception as error:  # the run decides what becomes of it
            written = error
        return wire.write_answer(written)


def _taken_from_libraries(descriptor: int) -> BinaryIO:
    """Return a copy of a descriptor, and send what a C library prints there to nowhere."""
    kept = os.dup(descriptor)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
    return os.fdopen(kept, "wb")
