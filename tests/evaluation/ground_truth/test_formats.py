from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from camcli.errors import InputError
from camcli.evaluation.ground_truth import formats
from camcli.evaluation.ground_truth.annotations import BoxTruth, mask_of
from camcli.evaluation.ground_truth.formats import FORMATS, TruthFormat, read_truth
from camcli.evaluation.ground_truth.masks import MaskTruth, read_mask
from camcli.records import Geometry, ImageItem, ImageRef, Target

# An image of 40 x 20 pixels whose middle 20 x 20 became the input's 10 x 10.
GEOMETRY = Geometry(40, 20, (10.0, 0.0, 30.0, 20.0))
SIZE = (10, 10)


def item(name: str) -> ImageItem:
    pixels = np.zeros((*SIZE, 3), dtype=np.uint8)
    return ImageItem(
        ImageRef(0, Path(name), name), Image.new("RGB", (40, 20)), pixels, GEOMETRY, ""
    )


def target(name: str | None, index: int = 0) -> Target:
    return Target(index, name, 0.0, 0.5)


VOC = """<annotation><filename>cat.jpg</filename>
<object><name>cat</name><bndbox><xmin>11</xmin><ymin>1</ymin><xmax>20</xmax><ymax>10</ymax></bndbox>
</object><object><name>sports car</name>
<bndbox><xmin>21</xmin><ymin>11</ymin><xmax>40</xmax><ymax>20</ymax></bndbox></object></annotation>
"""
COCO = {
    "images": [{"id": 7, "file_name": "a/cat.jpg"}],
    "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "sports car"}],
    "annotations": [
        {"image_id": 7, "category_id": 1, "bbox": [10, 0, 10, 10]},
        {"image_id": 7, "category_id": 2, "bbox": [20, 10, 20, 10]},
    ],
}


@pytest.fixture(params=["voc file", "voc folder", "coco"])
def annotated(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "coco":
        path = tmp_path / "boxes.json"
        path.write_text(json.dumps(COCO))
        return path
    path = tmp_path / "cat.xml"
    path.write_text(VOC)
    return path if request.param == "voc file" else tmp_path


def test_both_formats_mean_the_same_pixels(annotated: Path) -> None:
    truth = read_truth(annotated)
    assert isinstance(truth, BoxTruth)
    annotations = truth.annotations
    cat = mask_of(annotations.of("b/cat.png", "cat"), GEOMETRY, SIZE)
    car = mask_of(annotations.of("cat.jpg", "Sports_Car"), GEOMETRY, SIZE)
    expected = np.zeros(SIZE, dtype=bool)
    expected[:5, :5] = True
    np.testing.assert_array_equal(cat, expected)
    np.testing.assert_array_equal(car, expected[::-1, ::-1])
    assert annotations.of("dog.jpg", "cat") == []


def test_the_target_and_the_others_are_separated(annotated: Path) -> None:
    truth = read_truth(annotated)
    masks = truth.masks(item("cat.jpg"), target("cat"))
    assert masks is not None
    assert masks.target[:5, :5].all()
    assert masks.others[5:, 5:].all()
    assert int(masks.target.sum() + masks.others.sum()) == 50
    assert truth.masks(item("cat.jpg"), target("house")) is None
    assert truth.masks(item("other.jpg"), target("cat")) is None


def test_masks_lie_where_the_input_does(tmp_path: Path) -> None:
    values = np.zeros((20, 40), dtype=bool)
    values[10:, 20:] = True
    Image.fromarray(values).save(tmp_path / "cat.sports car.png")
    Image.fromarray(~values).save(tmp_path / "cat.3.png")
    expected = np.zeros(SIZE, dtype=bool)
    expected[5:, 5:] = True
    found = read_mask(tmp_path / "cat.sports car.png", GEOMETRY, SIZE)
    np.testing.assert_array_equal(found, expected)
    truth = read_truth(tmp_path)
    by_name = truth.masks(item("x/cat.jpg"), target("Sports_car", 9))
    by_index = truth.masks(item("x/cat.jpg"), target(None, 3))
    assert by_name is not None
    assert by_index is not None
    np.testing.assert_array_equal(by_name.target, expected)
    np.testing.assert_array_equal(by_name.others, ~expected)
    np.testing.assert_array_equal(by_index.target, ~expected)
    assert truth.masks(item("cat.jpg"), target("house", 5)) is None


def test_one_mask_without_a_class_serves_any(tmp_path: Path) -> None:
    Image.new("1", (40, 20), 1).save(tmp_path / "cat.png")
    masks = read_truth(tmp_path).masks(item("cat.jpg"), target("house"))
    assert masks is not None
    assert masks.target.all()
    assert not masks.others.any()


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    Image.new("1", (41, 20), 1).save(tmp_path / "cat.png")
    with pytest.raises(InputError, match=r"cat\.png has 41 x 20 pixels, its image 40 x 20"):
        read_truth(tmp_path).masks(item("cat.jpg"), target("cat"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.xml", "<annotation><object><name>x</name></object></annotation>"),
        ("a.xml", "no xml"),
        ("a.xml", VOC.replace("<xmin>11</xmin>", "<xmin>eleven</xmin>")),
        ("a.json", "[]"),
        ("a.json", json.dumps({**COCO, "annotations": [{"image_id": 8, "bbox": [0, 0, 1, 1]}]})),
        ("a.txt", ""),
    ],
)
def test_what_cannot_be_read_is_named(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=name):
        read_truth(path)


def test_ground_truth_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no annotation"):
        read_truth(tmp_path / "missing.json")
    with pytest.raises(InputError, match="no Pascal VOC"):
        read_truth(tmp_path)


def test_a_path_of_no_format_is_refused_with_every_format_named(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.touch()
    with pytest.raises(InputError) as error:
        read_truth(path)
    for known in FORMATS:
        assert known.description in str(error.value)


def test_a_file_that_cannot_be_opened_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path) -> MaskTruth:
        raise PermissionError("not allowed")

    path = tmp_path / "a.json"
    path.touch()
    monkeypatch.setattr(formats, "FORMATS", (TruthFormat("anything", Path.exists, refuse),))
    with pytest.raises(InputError, match=r"cannot read the annotations .*a\.json: not allowed"):
        read_truth(path)


def test_a_new_format_is_a_row_of_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.touch()
    toy = TruthFormat("a .txt", lambda p: p.suffix == ".txt", lambda p: MaskTruth(p.parent))
    monkeypatch.setattr(formats, "FORMATS", (*FORMATS, toy))
    assert read_truth(path) == MaskTruth(tmp_path)
