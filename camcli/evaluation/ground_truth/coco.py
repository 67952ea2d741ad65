"""COCO annotations: one JSON file for all images."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from camcli.errors import InputError
from camcli.evaluation.ground_truth.annotations import Annotations, Region


def is_coco(path: Path) -> bool:
    """Return whether a path is to be read as COCO: a .json file."""
    return path.suffix.lower() == ".json" and not path.is_dir()


def read_coco(path: Path) -> Annotations:
    """Read a COCO JSON file.

    Raises:
        InputError: The file is no such annotation.
        OSError: It cannot be read.

    """
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        stems = {image["id"]: Path(image["file_name"]).stem for image in tree["images"]}
        names = {category["id"]: category["name"] for category in tree.get("categories", ())}
        regions: dict[str, list[Region]] = defaultdict(list)
        for thing in tree["annotations"]:
            left, top, width, height = map(float, thing["bbox"])
            box = (left, top, left + width, top + height)
            regions[stems[thing["image_id"]]].append(Region(names.get(thing["category_id"]), box))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is no COCO annotation file: {type(error).__name__}: {error}"
        ) from None
    return Annotations(dict(regions))
