"""Truth against a run's images and classes: what fits, what does not, and what is said of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from camcli.errors import InputError
from camcli.evaluation.ground_truth.truth import ObjectMasks
from tests.evaluation.ground_truth.conftest import World, found

RED, BLUE = (4, 2, 16, 8), (20, 10, 32, 16)


def box(sides: tuple[int, int, int, int], image: int = 1, category: int = 1) -> dict[str, Any]:
    left, top, right, bottom = sides
    return {
        "image_id": image,
        "category_id": category,
        "bbox": [left, top, right - left, bottom - top],
    }


def coco(world: World, names: list[str], *annotations: dict[str, Any], **classes: str) -> Path:
    """Write a COCO file about several pictures; `c3="blue"` adds a category."""
    tree = {
        "images": [{"id": i, "file_name": name} for i, name in enumerate(names, start=1)],
        "categories": [{"id": 1, "name": "red"}, {"id": 2, "name": "Sports_Car"}]
        + [{"id": int(key[1:]), "name": name} for key, name in classes.items()],
        "annotations": [{"id": i, **thing} for i, thing in enumerate(annotations, start=1)],
    }
    path = world.photos.parent / "truth.json"
    path.write_text(json.dumps(tree))
    return path


@pytest.mark.parametrize("prefix", ["", "images/", "C:\\data\\photos\\", "./"])
def test_each_picture_is_measured_against_its_own_boxes(world: World, prefix: str) -> None:
    world.picture("cats/1.png", box=RED)
    world.picture("dogs/1.png", box=BLUE)
    names = [f"{prefix}dogs/1.png", f"{prefix}cats/1.png"]
    truth = world.survey(coco(world, names, box(BLUE, 1), box(RED, 2)))
    for name in ("cats/1.png", "dogs/1.png"):
        np.testing.assert_array_equal(world.target(truth, name), world.red(name))
    assert found(truth) == {}


def test_a_name_that_two_pictures_share_is_used_for_neither(world: World) -> None:
    world.picture("cats/1.png")
    world.picture("dogs/1.png")
    world.picture("a.png")
    truth = world.survey(coco(world, ["1.png", "a.png"], box(RED, 1), box(RED, 2)))
    assert set(truth.pictures) == {"a.png"}
    assert found(truth) == {"image_ambiguous": 2, "picture_unmatched": 1}


def test_a_match_by_name_alone_is_told(world: World) -> None:
    world.picture("cats/1.png")
    truth = world.survey(coco(world, ["train\\1.png"], box(RED)))
    assert found(truth) == {"matched_by_name": 1}


def test_images_and_annotations_without_each_other_are_counted(world: World) -> None:
    for name in ("a.png", "b.png", "c.png"):
        world.picture(name)
    names = ["a.png", "x.png", "y.png", "c.png"]
    path = coco(world, names, box(RED, 1), box(RED, 2), box(RED, 4))
    report = world.survey(path).report.to_json()
    assert [report[key] for key in ("images", "matched", "annotated")] == [3, 2, 4]
    assert report["findings"]["image_unannotated"] == {"count": 1, "examples": ["b.png"]}
    assert report["findings"]["picture_unmatched"] == {"count": 2, "examples": ["x.png", "y.png"]}
    limited = world.survey(path, total=1).report.to_json()
    assert [limited[key] for key in ("images", "matched")] == [1, 1]
    assert limited["findings"] == {"picture_unmatched": report["findings"]["picture_unmatched"]}


def test_truth_of_no_image_is_an_error_that_names_both_sides(world: World) -> None:
    world.picture("a.png")
    with pytest.raises(InputError) as error:
        world.survey(coco(world, ["x.png"], box(RED)))
    for part in ("of 1 image, none has", "truth.json", "(a.png)", "(x.png)"):
        assert part in str(error.value)


def test_classes_are_matched_by_name_and_others_stay_other_objects(world: World) -> None:
    world.picture()
    things = (box(RED, category=2), box(BLUE, category=3), box(BLUE, category=4))
    truth = world.survey(coco(world, ["a.png"], *things, c3="person", c4="2"))
    car = world.masks(truth, index=1)
    assert isinstance(car, ObjectMasks)
    np.testing.assert_array_equal(car.target.numpy(), world.red())
    assert int(car.others.sum()) == 12 * 6
    assert world.masks(truth, index=0) == "class not annotated"
    assert world.masks(truth, index=2) == "class not annotated"  # "2" is a name, and no number
    assert found(truth) == {"unknown_class": 2}
    assert truth.report.to_json()["findings"]["unknown_class"]["examples"] == ["person", "2"]


def test_truth_of_classes_that_the_network_lacks_is_an_error(world: World) -> None:
    world.picture()
    with pytest.raises(InputError, match=r"no object .* is of a class of the network.*\n.*person"):
        world.survey(coco(world, ["a.png"], box(RED, category=3), c3="person"))


def test_a_name_that_two_classes_share_is_used_for_neither(world: World) -> None:
    world.picture()
    cranes = replace(world, labels=("crane", "red", "Crane"))
    things = (box(RED, category=3), box(RED, category=1))
    truth = cranes.survey(coco(world, ["a.png"], *things, c3="crane"))
    assert found(truth) == {"ambiguous_class": 1}
    assert [thing.index for thing in truth.pictures["a.png"].objects] == [1]


def test_a_network_without_names_has_its_classes_by_number(world: World) -> None:
    world.picture()
    unnamed = replace(world, labels=None)
    truth = unnamed.survey(coco(world, ["a.png"], box(RED, category=3), c3="2"))
    np.testing.assert_array_equal(unnamed.target(truth, index=2), world.red())
    assert unnamed.masks(truth, index=0) == "class not annotated"
    with pytest.raises(InputError, match=r"model\.labels"):
        unnamed.survey(coco(world, ["a.png"], box(RED, category=1)))


def test_an_object_that_the_input_does_not_show_is_told_apart(world: World) -> None:
    world.picture()
    truth = world.survey(coco(world, ["a.png"], box((4, 2, 5, 3))))
    item = world.item()
    seen = replace(item, geometry=replace(item.geometry, crop_box=(20.0, 0.0, 40.0, 20.0)))
    assert truth.masks(seen, world.target_of(0)) == "object outside the input"
    assert isinstance(world.masks(truth), ObjectMasks)


def test_an_image_that_cannot_be_read_does_not_stop_the_others(world: World) -> None:
    world.picture()
    (world.photos / "b.png").write_bytes(b"no image")
    truth = world.survey(coco(world, ["a.png", "b.png"], box(RED, 1), box(RED, 2)))
    assert found(truth) == {"image_unreadable": 1}
