"""A run as COCO annotations: where each map is high, as a proposal for whoever annotates."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from camcli.comparison.entry import Entry
from camcli.errors import InputError
from camcli.export.exported import FAILED, NO_MAP, Exported
from camcli.output.atomic import write_bytes
from camcli.output.render import over_original

_Mask = npt.NDArray[np.bool_]

_AGAINST = "what speaks against a class is no proposal of where it is"
_UNPLACED = "nothing says where in the image the map lies"
_NOTHING = "the map is nowhere above 0"


def write_coco(entries: Iterable[Entry], path: Path, threshold: float) -> Exported:
    """Write an annotation for each map, in pixels of the upright image; return how many.

    Of a map, the region of all pixels of at least `threshold` times the highest, which is above 0:
    as run-length encoding, with its box and its area. Rows without a map have no annotation, nor
    have those of what speaks against a class; of signed maps, only what speaks for it counts, and
    where nothing does there is no annotation either. Those without are counted by the reason.

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
    left_out: Counter[str] = Counter()
    for entry in entries:
        placed = _placed_map(entry)
        if isinstance(placed, str):
            left_out[placed] += 1
            continue
        height, width = placed.shape
        image = images.setdefault(
            entry.image,
            {"id": len(images) + 1, "file_name": entry.image, "width": width, "height": height},
        )
        index = int(entry.target["index"])
        categories.setdefault(index, {"id": index, "name": entry.target.get("name") or str(index)})
        region = _region(placed, threshold)
        if region.any():
            own = {"id": len(annotations) + 1, "image_id": image["id"], "category_id": index}
            annotations.append(own | _marked(region) | {"score": entry.target.get("probability")})
        else:
            left_out[_NOTHING] += 1
    content = {
        "images": list(images.values()),
        "categories": sorted(categories.values(), key=lambda category: int(category["id"])),
        "annotations": annotations,
    }
    write_bytes(path, json.dumps(content, ensure_ascii=False).encode())
    return Exported(len(annotations), left_out)


def _placed_map(entry: Entry) -> npt.NDArray[np.float32] | str:
    """Return a map over its upright image, or why there is none that proposes anything."""
    if entry.meaning.sign == "negative":
        raise InputError(
            "the maps show what speaks against their targets (output.sign=negative), which is "
            "no proposal of where those are; explain again with output.sign=positive or signed"
        )
    if entry.status == "failed":
        return FAILED
    if entry.target.get("sign") == "negative":
        return _AGAINST
    values, geometry = entry.read_map(), entry.geometry
    if values is None:
        return NO_MAP
    return _UNPLACED if geometry is None else over_original(values, geometry)


def _region(values: npt.NDArray[np.float32], threshold: float) -> _Mask:
    highest = values.max()
    region: _Mask = (values >= threshold * highest) & (values > 0)
    return region


def _marked(region: _Mask) -> dict[str, Any]:
    """Return a region as an annotation has it."""
    return {
        "iscrowd": 0,
        "bbox": _box(region),
        "area": int(region.sum()),
        "segmentation": {"size": list(region.shape), "counts": _run_lengths(region)},
    }


def _box(region: _Mask) -> list[int]:
    """Return (left, top, width, height) of the smallest box around a region that is not empty."""
    rows, columns = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
    top, left = int(rows[0]), int(columns[0])
    return [left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top]


def _run_lengths(region: _Mask) -> list[int]:
    """Return COCO's uncompressed run lengths: down the columns, beginning with what is outside."""
    flat = np.concatenate([[False], region.ravel(order="F")])
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    lengths: list[int] = np.diff(changes, prepend=0, append=len(flat) - 1).tolist()
    return lengths
