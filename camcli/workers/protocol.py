"""Records as messages: the requests to a worker, and its answers."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from camcli.config import OutputConfig
from camcli.output.atomic import name_in
from camcli.output.provenance import Provenance
from camcli.output.writers import ArtefactWriter, Written
from camcli.records import (
    Components,
    FailedImage,
    Geometry,
    ImageItem,
    ImageRef,
    MapValues,
    Preprocess,
    Reading,
    SaliencyMap,
    Target,
    Versus,
)
from camcli.storage.location import packed, unpacked
from camcli.workers.failures import GaveUpError
from camcli.workers.messages import Blob, Message

_NO_PIXELS = np.empty((0, 0, 3), np.uint8)

Request = tuple[dict[str, Any], Sequence[Blob]]


def decode_request(ref: ImageRef, preprocess: Preprocess, reading: Reading) -> Request:
    """Return the message that asks to decode an image, and to keep it."""
    asked = {
        "index": ref.index,
        "path": packed(ref.path),
        "name": ref.name,
        "how": _how_to_json(preprocess, reading),
    }
    return {"decode": asked}, ()


@lru_cache(maxsize=4)
def _how_to_json(preprocess: Preprocess, reading: Reading) -> str:
    """Return as JSON how to decode, which is the same for many images."""
    return json.dumps({"preprocess": asdict(preprocess), "reading": asdict(reading)})


def read_decode_request(asked: dict[str, Any]) -> tuple[ImageRef, Preprocess, Reading]:
    """Return the image that a worker is to decode, and how."""
    ref = ImageRef(asked["index"], unpacked(asked["path"]), asked["name"])
    return ref, *_how_from_json(asked["how"])


@lru_cache(maxsize=4)
def _how_from_json(text: str) -> tuple[Preprocess, Reading]:
    fields = json.loads(text)
    preprocess: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in fields["preprocess"].items()
    }
    return Preprocess(**preprocess), Reading(**fields["reading"])


def decode_answer(decoded: ImageItem | FailedImage) -> Request:
    """Return the message with a decoded image, or with the reason why there is none."""
    if isinstance(decoded, FailedImage):
        return {"type": decoded.type, "message": decoded.message}, ()
    fields = {
        "width": decoded.geometry.width,
        "height": decoded.geometry.height,
        "crop_box": decoded.geometry.crop_box,
        "input": decoded.pixels.shape,
        "sha256": decoded.sha256,
        "note": decoded.note,
    }
    return fields, (_bytes_of(decoded.pixels),)


def read_decode_answer(ref: ImageRef, answer: Message) -> ImageItem | FailedImage:
    """Return the image that a worker decoded; the original stays with the worker."""
    fields, blobs = answer
    if "type" in fields:
        return FailedImage(ref, fields["type"], fields["message"])
    (pixels,) = blobs
    left, top, right, bottom = fields["crop_box"]
    return ImageItem(
        ref=ref,
        original=None,
        pixels=np.frombuffer(pixels, np.uint8).reshape(fields["input"]),
        geometry=Geometry(fields["width"], fields["height"], (left, top, right, bottom)),
        sha256=fields["sha256"],
        note=fields["note"],
    )


def without_pixels(item: ImageItem) -> ImageItem:
    """Return what is kept of an image to draw over it."""
    return replace(item, pixels=_NO_PIXELS)


def write_request(writer: str, maps: Sequence[SaliencyMap]) -> Request:
    """Return the message that asks to write an image's files; `writer` is `writer_to_json`'s."""
    blobs: list[Blob] = []
    asked = {
        "index": maps[0].item.ref.index,
        "writer": writer,
        "maps": [_map_to_json(each, blobs) for each in maps],
    }
    return {"write": asked}, blobs


def _map_to_json(saliency_map: SaliencyMap, blobs: list[Blob]) -> dict[str, Any]:
    """Return a map's fields, its arrays as their shapes; their bytes are appended to the blobs."""
    components = saliency_map.components
    return {
        "target": asdict(saliency_map.target),
        "method": saliency_map.method,
        "layer": saliency_map.layer,
        "values": _array_to_json(saliency_map.values, blobs),
        "range": saliency_map.range,
        "completeness_error": saliency_map.completeness_error,
        "degenerate": saliency_map.degenerate,
        "components": components and asdict(replace(components, maps=None)),
        "parts": components and _array_to_json(components.maps, blobs),
        "meaning": asdict(saliency_map.meaning),
    }


def read_write_request(
    asked: dict[str, Any], blobs: Sequence[bytes], item: ImageItem
) -> list[SaliencyMap]:
    """Return the maps that a worker is to write, of an image that it kept."""
    left = iter(blobs)
    return [_map_from_json(fields, left, item) for fields in asked["maps"]]


def _map_from_json(fields: dict[str, Any], blobs: Iterator[bytes], item: ImageItem) -> SaliencyMap:
    return SaliencyMap(
        item=item,
        target=_target_of(fields["target"]),
        method=fields["method"],
        layer=fields["layer"],
        values=_array_from_json(fields["values"], blobs),
        range=fields["range"],
        completeness_error=fields["completeness_error"],
        degenerate=fields["degenerate"],
        components=_components(fields["components"], fields["parts"], blobs),
        meaning=MapValues(**fields["meaning"]),
    )


def _components(
    fields: dict[str, Any] | None, shape: Sequence[int] | None, blobs: Iterator[bytes]
) -> Components | None:
    if fields is None:
        return None
    maps = _array_from_json(shape, blobs)
    weights, variance = tuple(fields["weights"]), tuple(fields["explained_variance"])
    return Components(maps, weights, variance, fields["channels"])


def write_answer(written: list[Written] | Exception) -> Request:
    """Return the message with the files that were written, or with the reason why not."""
    if isinstance(written, GaveUpError):
        return {"gave_up": [written.kind, str(written)]}, ()
    if isinstance(written, MemoryError):
        return {"system": [errno.ENOMEM, os.strerror(errno.ENOMEM), None]}, ()
    if isinstance(written, OSError):
        return {"system": [written.errno, written.strerror or str(written), name_in(written)]}, ()
    if isinstance(written, Exception):
        return {"error": f"{type(written).__name__}: {written}"}, ()
    return {"written": written}, ()


def read_write_answer(answer: Message) -> list[Written]:
    """Return the files that a worker wrote, for each map.

    Raises:
        GaveUpError: The worker has no image to draw over any more.
        OSError: The error that the system gave the worker.
        RuntimeError: Anything else that went wrong there.

    """
    fields, _ = answer
    if "gave_up" in fields:
        raise GaveUpError(*fields["gave_up"])
    if "system" in fields:
        number, reason, name = fields["system"]
        raise OSError(reason) if number is None else OSError(number, reason, name)
    if "error" in fields:
        raise RuntimeError(f"a worker could not write an image's files: {fields['error']}")
    return [
        {what: (path, sha) for what, (path, sha) in written.items()}
        for written in fields["written"]
    ]


def writer_to_json(writer: ArtefactWriter) -> str:
    """Return a writer as JSON."""
    fields = {
        "folder": str(writer.folder),
        "staging": writer.staging and str(writer.staging),
        "class_in_name": writer.class_in_name,
        "method_in_path": writer.method_in_path,
        "config": writer.config.model_dump(mode="json"),
        "provenance": asdict(writer.provenance),
    }
    return json.dumps(fields)


@lru_cache(maxsize=1)
def writer_from_json(text: str) -> ArtefactWriter:
    """Return the writer that `writer_to_json` was given."""
    fields = json.loads(text)
    return ArtefactWriter(
        folder=Path(fields["folder"]),
        config=OutputConfig(**fields["config"]),
        provenance=Provenance(**fields["provenance"]),
        class_in_name=fields["class_in_name"],
        method_in_path=fields["method_in_path"],
        staging=fields["staging"] and Path(fields["staging"]),
    )


def _bytes_of(array: npt.NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(array).data.cast("B")


def _array_to_json(
    array: npt.NDArray[np.float32] | None, blobs: list[Blob]
) -> Sequence[int] | None:
    if array is None:
        return None
    assert array.dtype == np.float32
    blobs.append(_bytes_of(array))
    return array.shape


def _array_from_json(
    shape: Sequence[int] | None, blobs: Iterator[bytes]
) -> npt.NDArray[np.float32] | None:
    return None if shape is None else np.frombuffer(next(blobs), np.float32).reshape(shape)


def _target_of(fields: Mapping[str, Any]) -> Target:
    return Target(**{**fields, "versus": tuple(Versus(**other) for other in fields["versus"])})
