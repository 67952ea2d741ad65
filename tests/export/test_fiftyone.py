"""The folder that FiftyOne loads as a dataset.

What it must hold was read off a dataset of one sample that FiftyOne 1.22 exported itself.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from camcli.comparison.compare import read_side
from camcli.comparison.frozen import freeze
from camcli.errors import InputError
from camcli.export.fiftyone_file import write_fiftyone
from tests.comparison.runs import row_of, write_run

SHAPE = {"width": 40, "height": 20, "crop_box": [10, 0, 30, 20], "method": "grad-cam++"}
ALL = np.ones((4, 4), np.float32)

HEATMAP = [
    ("id", "ObjectIdField", None, "_id"),
    ("tags", "ListField", "StringField", "tags"),
    ("map", "ArrayField", None, "map"),
    ("map_path", "StringField", None, "map_path"),
    ("range", "HeatmapRangeField", "FloatField", "range"),
]
CLASSIFICATION = [
    ("id", "ObjectIdField", None, "_id"),
    ("tags", "ListField", "StringField", "tags"),
    ("label", "StringField", None, "label"),
    ("confidence", "FloatField", None, "confidence"),
    ("logits", "VectorField", None, "logits"),
]


@pytest.fixture
def photo(tmp_path: Path) -> dict[str, Any]:
    """What a row says of an image file."""
    path = tmp_path / "photo.png"
    Image.new("RGB", (40, 20)).save(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {**SHAPE, "path": str(path), "sha256": {"image": digest}}


def exported(
    tmp_path: Path, rows: list[dict[str, Any]], maps: list[npt.NDArray[np.float32] | None]
) -> tuple[Path, list[dict[str, Any]]]:
    """Return the folder of a dataset, and its samples."""
    folder = tmp_path / "dataset"
    write_fiftyone(read_side(write_run(tmp_path / "run", rows, maps)), folder)
    return folder, json.loads((folder / "samples.json").read_text(encoding="utf-8"))["samples"]


def pixels(folder: Path, heatmap: dict[str, Any]) -> npt.NDArray[np.uint8]:
    with Image.open(folder / heatmap["map_path"]) as image:
        assert image.mode == "L"
        return np.asarray(image)


def test_a_heatmap_is_as_large_as_its_image_and_nothing_around_what_the_network_saw(
    tmp_path: Path, photo: dict[str, Any]
) -> None:
    folder, (sample,) = exported(tmp_path, [row_of("a.png", "cat", 0, **photo)], [ALL])
    expected = np.zeros((20, 40))
    expected[:, 10:30] = 255
    np.testing.assert_array_equal(pixels(folder, sample["grad_cam_plus_plus"]), expected)


def test_a_map_keeps_its_place_and_its_values_in_the_crop(
    tmp_path: Path, photo: dict[str, Any]
) -> None:
    """One column of a map covers five of the image; in the middle of each it has its own value."""
    values = np.tile(np.float32([0, 0.2, 0.4, 0.8]), (4, 1))
    folder, (sample,) = exported(tmp_path, [row_of("a.png", "cat", 0, **photo)], [values])
    found = pixels(folder, sample["grad_cam_plus_plus"])
    assert found[10, [12, 17, 22, 27]].tolist() == [0, 51, 102, 204]


def test_a_map_at_the_size_of_the_image_is_laid_over_all_of_it(
    tmp_path: Path, photo: dict[str, Any]
) -> None:
    run = write_run(tmp_path / "run", [row_of("a.png", **photo)], [np.ones((20, 40), np.float32)])
    (run / "run.json").write_text(json.dumps({"fingerprint": {"output": {"map_size": "original"}}}))
    write_fiftyone(read_side(run), tmp_path / "dataset")
    heatmap = {"map_path": "fields/grad_cam_plus_plus/000001.png"}
    assert (pixels(tmp_path / "dataset", heatmap) == 255).all()


def test_a_map_beyond_one_is_scaled_to_its_highest_value(
    tmp_path: Path, photo: dict[str, Any]
) -> None:
    values = np.repeat(np.float32([[4, 1]]), 2, axis=0)
    folder, (sample,) = exported(tmp_path, [row_of("a.png", **photo)], [values])
    found = pixels(folder, sample["grad_cam_plus_plus"])
    assert (found[10, 10], found[10, 29]) == (255, 64)


def test_each_target_has_its_class_and_its_map(tmp_path: Path, photo: dict[str, Any]) -> None:
    against = row_of("a.png", "dog", 1, **photo)
    against["target"] |= {"sign": "negative", "versus": [{"index": 7, "name": None, "weight": 1}]}
    folder, (sample,) = exported(
        tmp_path, [row_of("a.png", "cat", 0, **photo), against], [ALL, ALL]
    )
    assert sample["filepath"] == photo["path"]
    assert (sample["tags"], sample["error"]) == ([], None)
    first, second = sample["target"], sample["target_2"]
    assert (first["_cls"], first["label"], first["confidence"]) == ("Classification", "cat", 0.5)
    assert (second["label"], second["score"], second["completeness_error"]) == ("dog", 2.0, 1e-6)
    heatmap = sample["grad_cam_plus_plus_2"]
    assert (heatmap["_cls"], heatmap["label"], heatmap["range"]) == (
        "Heatmap",
        "-dog versus 7",
        [0, 255],
    )
    assert (folder / heatmap["map_path"]).is_file()
    labels = [value for value in sample.values() if isinstance(value, dict) and "_cls" in value]
    assert len({label["_id"]["$oid"] for label in labels}) == 4
    assert all(len(bytes.fromhex(label["_id"]["$oid"])) == 12 for label in labels)


def test_fields_are_declared_as_fiftyone_declares_them(
    tmp_path: Path, photo: dict[str, Any]
) -> None:
    folder, (sample,) = exported(tmp_path, [row_of("a.png", "cat", 0, **photo)], [ALL])
    dataset = json.loads((folder / "metadata.json").read_text())
    declared = {field["name"]: field for field in dataset["sample_fields"]}
    own = set(sample) - {"_id"}
    assert own <= set(declared)
    for name, kind, fields in (
        ("grad_cam_plus_plus", "Heatmap", HEATMAP),
        ("target", "Classification", CLASSIFICATION),
    ):
        assert declared[name]["ftype"] == "fiftyone.core.fields.EmbeddedDocumentField"
        assert declared[name]["embedded_doc_type"] == f"fiftyone.core.labels.{kind}"
        inner = {field["name"]: field for field in declared[name]["fields"]}
        assert set(sample[name]) <= {*inner, "_id", "_cls"}
        for key, ftype, subfield, db_field in fields:
            whole = subfield and f"fiftyone.core.fields.{subfield}"
            found = inner[key]
            assert found["ftype"] == f"fiftyone.core.fields.{ftype}"
            assert (found["subfield"], found["db_field"]) == (whole, db_field)


def test_what_has_no_map_is_tagged_and_says_why(tmp_path: Path, photo: dict[str, Any]) -> None:
    failed = row_of("b.png", None, status="failed", error={"type": "E", "message": "why"})
    failed["path"] = str(tmp_path / "missing.png")
    _, (_, sample) = exported(tmp_path, [row_of("a.png", **photo), failed], [ALL, None])
    assert (sample["tags"], sample["error"]) == (["failed"], "E: why")
    assert not any(name.startswith(("target", "grad_cam")) for name in sample)


def test_no_name_of_an_image_leads_out_of_the_folder(tmp_path: Path, photo: dict[str, Any]) -> None:
    folder, (sample,) = exported(tmp_path, [row_of("../../a\n<b>.png", **photo)], [ALL])
    assert sample["image"] == "../../a\n<b>.png"
    assert {path.name for path in folder.rglob("*.png")} == {"000001.png"}


def missing(path: Path) -> None:
    path.unlink()


def changed(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" ")


@pytest.mark.parametrize(
    ("done", "values", "message"),
    [
        (missing, ALL, r"photo\.png cannot be read \(No such file"),
        (changed, ALL, "is not the image that was explained any more"),
        (None, -ALL, "a.png has values below 0"),
    ],
)
def test_what_cannot_be_shown_is_refused_and_leaves_nothing(
    tmp_path: Path,
    photo: dict[str, Any],
    done: Any,
    values: npt.NDArray[np.float32],
    message: str,
) -> None:
    if done:
        done(Path(photo["path"]))
    with pytest.raises(InputError, match=message):
        exported(tmp_path, [row_of("a.png", **photo)], [values])
    assert {path.name for path in tmp_path.iterdir()} <= {"run", "photo.png"}


def test_a_frozen_run_has_no_images_to_show(tmp_path: Path, photo: dict[str, Any]) -> None:
    run = write_run(tmp_path / "run", [row_of("a.png", **photo)], [ALL])
    freeze(read_side(run), tmp_path / "golden.npz")
    with pytest.raises(InputError, match="export the output folder"):
        write_fiftyone(read_side(tmp_path / "golden.npz"), tmp_path / "dataset")


def test_every_method_has_a_heatmap_of_each_target(tmp_path: Path, photo: dict[str, Any]) -> None:
    rows = [
        row_of("a.png", name, index, **{**photo, "method": method})
        for index, name in enumerate(("cat", "dog"))
        for method in ("lift-cam", "grad-cam")
    ]
    _, (sample,) = exported(tmp_path, rows, [ALL] * 4)
    assert (sample["target"]["label"], sample["target_2"]["label"]) == ("cat", "dog")
    maps = {name for name, value in sample.items() if "Heatmap" in str(value)}
    assert maps == {"lift_cam", "grad_cam", "lift_cam_2", "grad_cam_2"}
