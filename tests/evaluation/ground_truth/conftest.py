"""Pictures whose objects are known by their colours, and a way to ask what truth makes of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from camcli.evaluation.ground_truth.formats import read_truth
from camcli.evaluation.ground_truth.survey import survey
from camcli.evaluation.ground_truth.truth import ObjectMasks, Truth, TruthGap
from camcli.images.decode import decode
from camcli.images.find import find_images
from camcli.records import ImageItem, Preprocess, Target
from camcli.targets.class_table import ClassTable

LABELS = ("red", "sports car", "blue")
ORIENTATION = 0x0112


@dataclass(frozen=True)
class World:
    """A folder of pictures, and of what is said about them."""

    photos: Path
    labels: tuple[str, ...] | None = LABELS

    def picture(
        self,
        name: str = "a.png",
        size: tuple[int, int] = (40, 20),
        box: tuple[int, int, int, int] = (4, 2, 16, 8),
        orientation: int = 1,
    ) -> Path:
        """Write a black picture that is red inside a box, before it is turned upright."""
        path = self.photos / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.new("RGB", size)
        image.paste((255, 0, 0), box)
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        image.save(path, exif=exif)
        return path

    def coco(self, *annotations: dict[str, Any], **image: Any) -> Path:
        """Write a COCO file about one picture; annotations are red unless they say otherwise."""
        tree = {
            "images": [{"id": 1, "file_name": "a.png", **image}],
            "categories": [{"id": 1, "name": "red"}, {"id": 2, "name": "Sports_Car"}],
            "annotations": [
                {"id": i, "image_id": 1, "category_id": 1, **annotation}
                for i, annotation in enumerate(annotations, start=1)
            ],
        }
        path = self.photos.parent / "truth.json"
        path.write_text(json.dumps(tree))
        return path

    def survey(self, truth: Path, total: int | None = None) -> Truth:
        listing = find_images([str(self.photos)])
        table = ClassTable(len(LABELS), self.labels)
        return survey(read_truth(truth, listing), truth, listing, total or len(listing), table)

    def item(self, name: str = "a.png") -> ImageItem:
        """Decode a picture so that its input is the upright picture itself."""
        listing = find_images([str(self.photos)])
        ref = next(ref for ref in listing if ref.name == name)
        with Image.open(ref.path) as image:
            turned = image.getexif().get(ORIENTATION, 1) > 4
            width, height = image.size[::-1] if turned else image.size
        found = decode(ref, Preprocess(None, (height, width), (0, 0, 0), (1, 1, 1)))
        assert isinstance(found, ImageItem)
        return found

    def target_of(self, index: int) -> Target:
        return Target(index, self.labels[index] if self.labels else None, 0.0, 0.5)

    def masks(self, truth: Truth, name: str = "a.png", index: int = 0) -> ObjectMasks | TruthGap:
        return truth.masks(self.item(name), self.target_of(index))

    def target(self, truth: Truth, name: str = "a.png", index: int = 0) -> np.ndarray:
        found = self.masks(truth, name, index)
        assert isinstance(found, ObjectMasks), found
        return found.target.numpy()

    def red(self, name: str = "a.png") -> np.ndarray:
        """Return what the decoded picture itself shows in red."""
        return self.item(name).pixels[..., 0] > 128


def found(truth: Truth) -> dict[str, int]:
    """Return what was found on the way, by kind."""
    return {kind: value["count"] for kind, value in truth.report.to_json()["findings"].items()}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "photos")
