"""COCO files, as they are written: outlines of every kind, and what is missing in them."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pytest

from camcli.errors import InputError
from camcli.evaluation.ground_truth.segmentation import outline_of
from camcli.evaluation.ground_truth.shapes import Grid, Polygons
from tests.evaluation.ground_truth.conftest import World, found

BOX = [4, 2, 12, 6]
CORNERS = [4, 2, 16, 2, 16, 8, 4, 8]


def run_lengths(mask: np.ndarray) -> list[int]:
    """Return a mask as COCO's run lengths, off first, down the columns."""
    counts, value = [0], False
    for pixel in mask.T.ravel():
        if pixel != value:
            counts.append(0)
            value = not value
        counts[-1] += 1
    return counts


def compressed(mask: np.ndarray) -> str:
    coco = pytest.importorskip("pycocotools.mask")
    counts: bytes = coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"]
    return counts.decode()


def a_box(_: np.ndarray) -> dict[str, Any]:
    return {"bbox": BOX}


def a_polygon(_: np.ndarray) -> dict[str, Any]:
    return {"segmentation": [CORNERS]}


def a_polygon_in_no_list(_: np.ndarray) -> dict[str, Any]:
    return {"segmentation": CORNERS}


def two_polygons_and_a_larger_box(_: np.ndarray) -> dict[str, Any]:
    halves = [[4, 2, 10, 2, 10, 8, 4, 8], [10, 2, 16, 2, 16, 8, 10, 8]]
    return {"segmentation": halves, "bbox": [0, 0, 40, 20]}


def a_polygon_of_two_corners_and_a_box(_: np.ndarray) -> dict[str, Any]:
    return {"segmentation": [[4, 2, 16, 8]], "bbox": BOX}


def a_list_of_run_lengths(red: np.ndarray) -> dict[str, Any]:
    return {"segmentation": {"size": [20, 40], "counts": run_lengths(red)}}


def compressed_run_lengths(red: np.ndarray) -> dict[str, Any]:
    return {"segmentation": {"size": [20, 40], "counts": compressed(red)}}


@pytest.mark.parametrize(
    ("outline", "kind"),
    [
        (a_box, "box"),
        (a_polygon, "polygon"),
        (a_polygon_in_no_list, "polygon"),
        (two_polygons_and_a_larger_box, "polygon"),
        (a_polygon_of_two_corners_and_a_box, "box"),
        (a_list_of_run_lengths, "mask"),
        (compressed_run_lengths, "mask"),
    ],
)
def test_every_kind_of_outline_marks_the_pixels_of_the_object(
    world: World, outline: Any, kind: str
) -> None:
    world.picture()
    truth = world.survey(world.coco(outline(world.red()), width=40, height=20))
    np.testing.assert_array_equal(world.target(truth), world.red())
    assert truth.report.regions == {kind: 1}
    assert found(truth) == {}


@pytest.mark.parametrize(
    "outline",
    [[[CORNERS]], {"size": [20, 40], "counts": [3, 4]}, [[1, 2, 3]], "drawn"],
    ids=["nested", "run lengths of another sum", "odd", "text"],
)
def test_a_box_stands_in_for_an_outline_that_cannot_be_read(world: World, outline: Any) -> None:
    world.picture()
    truth = world.survey(world.coco({"segmentation": outline, "bbox": BOX}, width=40, height=20))
    np.testing.assert_array_equal(world.target(truth), world.red())
    assert found(truth) == {"box_for_outline": 1}


def test_boxes_in_shares_of_the_picture_are_no_boxes_of_a_pixel(world: World) -> None:
    world.picture()
    truth = world.survey(world.coco({"bbox": [0.1, 0.1, 0.3, 0.3]}, {"bbox": BOX}))
    assert found(truth) == {"in_fractions": 1}
    np.testing.assert_array_equal(world.target(truth), world.red())


def test_an_id_of_two_images_or_two_categories_is_refused(world: World) -> None:
    world.picture()
    path = world.coco({"bbox": BOX})
    tree = json.loads(path.read_text())
    for key, other, told in (
        (
            "images",
            {"id": 1, "file_name": "b.png"},
            "image id 1 stands for 'a.png' and for 'b.png'",
        ),
        ("categories", {"id": 2, "name": "cat"}, "category id 2 stands for 'Sports_Car' and for"),
    ):
        path.write_text(json.dumps({**tree, key: [*tree[key], other]}))
        with pytest.raises(InputError, match=told):
            world.survey(path)


def test_a_whole_number_is_an_id_however_it_is_written(world: World) -> None:
    world.picture()
    truth = world.survey(world.coco({"bbox": BOX, "image_id": 1.0, "category_id": "1"}))
    np.testing.assert_array_equal(world.target(truth), world.red())


def test_a_polygon_covers_what_pycocotools_does_but_for_its_edge() -> None:
    coco = pytest.importorskip("pycocotools.mask")
    angles = np.linspace(0, 2 * np.pi, 25, endpoint=False)
    radii = 12 + 6 * np.sin(5 * angles)  # a star, which is not convex
    corners = np.stack([30 + radii * np.cos(angles), 24 + radii * np.sin(angles)], 1)
    shape = outline_of({"segmentation": [corners.ravel().tolist()]})
    assert isinstance(shape, Polygons)
    mine = shape.covers(Grid(np.arange(60) + 0.5, np.arange(50) + 0.5))
    theirs = coco.decode(coco.frPyObjects([corners.ravel().tolist()], 50, 60))[..., 0] > 0
    edge = np.zeros_like(theirs)
    for axis in (0, 1):
        for step in (-1, 1):
            edge |= theirs != np.roll(theirs, step, axis)
    assert not (mine != theirs)[~edge].any()
    assert (mine & theirs).sum() / (mine | theirs).sum() > 0.9


def test_compressed_masks_without_the_package_name_the_command(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.picture()
    truth = world.coco(compressed_run_lengths(world.red()), width=40, height=20)
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    with pytest.raises(InputError, match=r"truth\.json.*pip install 'camcli-saliency\[coco\]'"):
        world.survey(truth)


@pytest.mark.parametrize(
    ("flawed", "finding"),
    [
        ({"bbox": BOX, "iscrowd": 1}, "crowd"),
        ({}, "no_outline"),
        ({"bbox": [1, 2, 3]}, "no_outline"),
        ({"bbox": None, "segmentation": []}, "no_outline"),
        ({"segmentation": [[1, 2, 3, 4, 5]]}, "no_outline"),
        ({"segmentation": {"size": [20, 40], "counts": [1, 2]}}, "no_outline"),
        ({"bbox": [4, 2, 0, 6]}, "degenerate"),
        ({"bbox": [4, 2, float("nan"), 6]}, "degenerate"),
        ({"bbox": [50, 2, 5, 5]}, "outside"),
        ({"segmentation": [[4, 2, 16, 2, 16, 2]]}, "degenerate"),
        ({"segmentation": {"size": [10, 20], "counts": [100, 100]}}, "other_size"),
        ({"bbox": BOX, "image_id": 9}, "unknown_picture"),
        ({"bbox": BOX, "category_id": 9}, "unknown_category"),
    ],
)
def test_a_region_that_cannot_be_used_is_counted_and_the_others_are_used(
    world: World, flawed: dict[str, Any], finding: str
) -> None:
    world.picture()
    truth = world.survey(world.coco({"bbox": BOX}, flawed, width=40, height=20))
    assert found(truth) == {finding: 1}
    np.testing.assert_array_equal(world.target(truth), world.red())
    with pytest.raises(InputError, match=r"truth\.json"):
        world.survey(world.coco(flawed, width=40, height=20))


def test_a_byte_order_mark_and_ids_as_text_are_read(world: World) -> None:
    world.picture()
    truth = world.coco({"bbox": BOX, "image_id": "1", "category_id": "1"})
    truth.write_bytes(b"\xef\xbb\xbf" + truth.read_bytes())
    np.testing.assert_array_equal(world.target(world.survey(truth)), world.red())


def test_a_file_of_no_categories_serves_every_class_only_where_none_is_meant(world: World) -> None:
    world.picture()
    path = world.coco({"bbox": BOX})
    tree = json.loads(path.read_text())
    del tree["categories"]
    path.write_text(json.dumps(tree))
    with pytest.raises(InputError, match='no "categories"'):
        world.survey(path)
    del tree["annotations"][0]["category_id"]
    path.write_text(json.dumps(tree))
    truth = world.survey(path)
    for index in range(3):
        np.testing.assert_array_equal(world.target(truth, index=index), world.red())


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ("no json", "not JSON"),
        ("[]", "detection results are a list"),
        ('{"annotations": []}', "no list of images"),
        ('{"images": [{"id": 1, "file_name": "a.png"}]}', "no list of annotations"),
        ('{"images": [{"file_name": "a.png"}], "annotations": []}', "has no id"),
        ('{"images": [{"id": 1}], "annotations": []}', "image 1 has no file_name"),
        (
            '{"images": [], "annotations": [], "categories": [{"id": 1}]}',
            "category 1 has no name",
        ),
    ],
)
def test_a_file_that_is_no_coco_is_refused_with_what_it_lacks(
    world: World, tree: str, reason: str
) -> None:
    world.picture()
    path = world.photos.parent / "truth.json"
    path.write_text(tree)
    with pytest.raises(InputError, match=f"truth.json is no COCO annotation file: .*{reason}"):
        world.survey(path)
