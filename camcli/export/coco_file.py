"""A run as COCO annotations: where each map is high, as a proposal for whoever annotates."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from camcli.comparison.entry import Entry
from camcli.errors import InputError
from camcli.output.atomic import write_bytes
from camcli.output.render import over_original
from camcli.records import Geometry

_Mask = npt.NDArray[np.bool_]


def write_coco(entries: Iterable[Entry], path: Path, threshold: float) -> int:
    """Write an annotation for each map, in pixels of the upright image; return how many.

    Of a map, the region of all pixels of at least `threshold` times the highest, which is above 0:
    as run-length encoding, with its box and its area. Rows without a map have no annotation, nor
    have those of what speaks against a class; of signed maps, only what speaks for it counts, and
    where nothing does there is no annotation either.

    Args:
        entries: The rows.
        path: Where to write.
        threshold: In (0, 1].

    Raises:
        InputError: A map cannot be read, or the maps hold only what speaks against their targets.
        OSError: The file cannot be written.

    """
    images: dict[str, dict[str, Any]] = {}
    categories: dict[int, dict[str, Any]] = {}
    annotations: list[dict[str, Any]] = []
    for entry in entries:
        width, height = entry.row.get("width"), entry.row.get("height")
        if entry.meaning.sign == "negative":
            raise InputError(
                "the maps show what speaks against their targets (output.sign=negative), which is "
                "no proposal of where those are; explain again with output.sign=positive or signed"
            )
        values = entry.read_map()
        against = entry.target.get("sign") == "negative"
        if values is None or entry.extent is None or not (width and height) or against:
            continue
        image = images.setdefault(
            entry.image,
            {"id": len(images) + 1, "file_name": entry.image, "width": width, "height": height},
        )
        index = int(entry.target["index"])
        categories.setdefault(index, {"id": index, "name": entry.target.get("name") or str(index)})
        left, top, right, bottom = entry.extent
        whole = over_original(values, Geometry(width, height, (left, top, right, bottom)))
        region = _region(whole, threshold)
        if not region.any():
            continue
        annotations.append(
            {
                "id": len(annotations) + 1,
                "image_id": image["id"],
                "category_id": index,
                "iscrowd": 0,
                "bbox": _box(region),
                "area": int(region.sum()),
                "segmentation": {"size": [height, width], "counts": _run_lengths(region)},
                "score": entry.target.get("probability"),
            }
        )
    content = {
        "images": list(images.values()),
        "categories": sorted(categories.values(), key=lambda category: int(category["id"])),
        "annotations": annotations,
    }
    write_bytes(path, json.dumps(content, ensure_ascii=False).encode())
    return len(annotations)


def _region(values: npt.NDArray[np.float32], threshold: float) -> _Mask:
    highest = values.max()
    region: _Mask = (values >= threshold * highest) & (values > 0)
    return region


def _box(region: _Mask) -> list[int]:
    """Return (left, top, width, height) of the smallest box around a region."""
    rows, columns = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
    if not len(rows):
        return [0, 0, 0, 0]
    top, left = int(rows[0]), int(columns[0])
    return [left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top]


def _run_lengths(region: _Mask) -> list[int]:
    """Return COCO's uncompressed run lengths: down the columns, beginning with what is outside."""
    flat = np.concatenate([[False], region.ravel(order="F")])
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    lengths: list[int] = np.diff(changes, prepend=0, append=len(flat) - 1).tolist()
    return lengths
