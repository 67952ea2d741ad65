"""Pascal VOC files: one an image, found by where they are and by what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from camcli.errors import InputError
from tests.evaluation.ground_truth.conftest import World, found

BOX = "<bndbox><xmin>5</xmin><ymin>3</ymin><xmax>16</xmax><ymax>8</ymax></bndbox>"


def xml(inside: str = "", box: str = BOX, size: str = "") -> str:
    return (
        f"<annotation>{inside}{size}<object><name>red</name>{box}"
        "<part><name>head</name></part></object></annotation>"
    )


def written(world: World, files: dict[str, str]) -> Path:
    folder = world.photos.parent / "voc"
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_boxes_count_pixels_from_one_with_both_ends(world: World) -> None:
    world.picture()
    folder = written(world, {"a.xml": xml("<filename>a.png</filename>")})
    for path in (folder, folder / "a.xml"):
        np.testing.assert_array_equal(world.target(world.survey(path)), world.red())


@pytest.mark.parametrize(
    "files",
    [
        {"cats/1.xml": "", "dogs/1.xml": ""},
        {
            "cats/1.xml": "<filename>1.png</filename>",
            "dogs/1.xml": "<filename>1.png</filename>",
        },
        {
            "x.xml": "<folder>cats</folder><filename>1.png</filename>",
            "y.xml": "<folder>dogs</folder><filename>1.png</filename>",
        },
        {
            "x.xml": "<path>C:\\photos\\cats\\1.png</path><filename>1.png</filename>",
            "y.xml": "<path>C:\\photos\\dogs\\1.png</path><filename>1.png</filename>",
        },
        {
            "x.xml": "<filename>cats/1.png</filename>",
            "y.xml": "<filename>dogs\\1.png</filename>",
        },
    ],
)
def test_equal_names_are_told_apart_by_folders(world: World, files: dict[str, str]) -> None:
    world.picture("cats/1.png")
    world.picture("dogs/1.png", box=(20, 10, 32, 16))
    other = BOX.replace("5<", "21<").replace("16<", "32<", 1)
    other = other.replace(">3<", ">11<").replace(">8<", ">16<")
    cats, dogs = files.items()
    folder = written(world, {cats[0]: xml(cats[1]), dogs[0]: xml(dogs[1], box=other)})
    truth = world.survey(folder)
    for name in ("cats/1.png", "dogs/1.png"):
        np.testing.assert_array_equal(world.target(truth, name), world.red(name))
    assert found(truth) == {}


def test_two_files_that_name_one_image_are_refused_with_both(world: World) -> None:
    world.picture()
    same = "<filename>a.png</filename>"
    folder = written(world, {"x.xml": xml(same), "y.xml": xml(same)})
    with pytest.raises(InputError, match=r"2 entries for a\.png, called a\.png each: keep one"):
        world.survey(folder)


def test_the_stated_size_is_compared_with_the_picture(world: World) -> None:
    world.picture(size=(80, 40), box=(8, 4, 32, 16))
    size = "<size><width>{}</width><height>{}</height></size>"
    scaled = world.survey(written(world, {"a.xml": xml(size=size.format(40, 20))}))
    np.testing.assert_array_equal(world.target(scaled), world.red())
    assert found(scaled) == {"scaled": 1}
    unknown = world.survey(written(world, {"a.xml": xml(size=size.format(0, 0))}))
    assert world.target(unknown).sum() == 12 * 6
    with pytest.raises(InputError, match=r"picture of 40 x 30 pixels, the image has 80 x 40"):
        world.survey(written(world, {"a.xml": xml(size=size.format(40, 30))}))


def test_objects_without_a_box_or_extent_are_counted(world: World) -> None:
    world.picture()
    empty = "<object><name>red</name></object>"
    flat = f"<object><name>red</name>{BOX.replace('16<', '3<')}</object>"
    truth = world.survey(written(world, {"a.xml": xml(empty + flat)}))
    assert found(truth) == {"no_outline": 1, "degenerate": 1}
    np.testing.assert_array_equal(world.target(truth), world.red())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no xml", "not XML"),
        ("<html/>", "it holds <html>, not <annotation>"),
    ],
)
def test_a_file_that_is_no_annotation_is_named(world: World, text: str, reason: str) -> None:
    world.picture()
    with pytest.raises(InputError, match=f"a.xml is no Pascal VOC annotation: {reason}"):
        world.survey(written(world, {"a.xml": text}))


def test_a_file_that_states_the_name_of_no_image_is_matched_by_its_own_and_told(
    world: World,
) -> None:
    world.picture("a.png")
    world.picture("b.png", box=(20, 10, 32, 16))
    other = BOX.replace("5<", "21<").replace("16<", "32<", 1)
    other = other.replace(">3<", ">11<").replace(">8<", ">16<")
    files = {
        "a.xml": xml("<filename>IMG_1.JPG</filename>"),
        "b.xml": xml("<filename>b.png</filename>", box=other),
    }
    truth = world.survey(written(world, files))
    for name in ("a.png", "b.png"):
        np.testing.assert_array_equal(world.target(truth, name), world.red(name))
    assert found(truth) == {"matched_by_file": 1}


@pytest.mark.parametrize(
    ("files", "finding"),
    [
        # The image's own annotation is the one that states its name.
        ({"x.xml": "a.png", "a.xml": "gone.png"}, {"picture_unmatched": 1}),
        # A stated name that an image has is never left for that of the file.
        ({"a.xml": "b.png"}, {"image_unannotated": 1}),
        ({"a.xml": "gone.png", "c.xml": "c.png"}, {"matched_by_file": 1, "picture_unmatched": 1}),
    ],
)
def test_the_own_name_of_a_file_counts_only_where_no_image_has_the_stated_one(
    world: World, files: dict[str, str], finding: dict[str, int]
) -> None:
    world.picture("a.png")
    if "b.png" in files.values():
        world.picture("b.png")
    texts = {name: xml(f"<filename>{stated}</filename>") for name, stated in files.items()}
    assert found(world.survey(written(world, texts))) == finding


def test_two_images_that_one_stale_file_may_mean_are_told(world: World) -> None:
    world.picture("a.png")
    world.picture("a.bmp")
    world.picture("b.png")
    files = {"a.xml": xml("<filename>gone.png</filename>"), "b.xml": xml()}
    truth = world.survey(written(world, files))
    assert found(truth) == {"image_ambiguous": 2, "picture_unmatched": 1}


@pytest.mark.parametrize(
    "box",
    [
        BOX.replace("<ymax>8</ymax>", ""),
        BOX.replace(">8<", "><"),
        BOX.replace(">8<", ">eight<"),
        "<bndbox/>",
    ],
)
def test_a_box_without_a_side_is_left_out_and_counted(world: World, box: str) -> None:
    world.picture()
    broken = f"<object><name>red</name>{box}</object>"
    truth = world.survey(written(world, {"a.xml": xml(broken)}))
    np.testing.assert_array_equal(world.target(truth), world.red())
    assert found(truth) == {"no_outline": 1}
