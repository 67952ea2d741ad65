"""Mask images: what their names say, and what their pixels do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from camcli.errors import InputError
from camcli.evaluation.ground_truth.truth import ObjectMasks
from tests.evaluation.ground_truth.conftest import World, found

VOC_COLORS = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 255: (224, 224, 192)}


@pytest.fixture
def masks(world: World) -> Path:
    world.picture()
    folder = world.photos.parent / "masks"
    folder.mkdir()
    return folder


def by_palette(values: np.ndarray, colors: dict[int, tuple[int, int, int]]) -> Image.Image:
    image = Image.fromarray(values.astype(np.uint8), "P")
    image.putpalette([channel for i in range(256) for channel in colors.get(i, (9, 9, 9))])
    return image


def in_transparency(red: np.ndarray, color: int = 200) -> Image.Image:
    alpha = Image.fromarray(red.astype(np.uint8) * 255)
    return Image.merge("RGBA", [*[Image.new("L", alpha.size, color)] * 3, alpha])


BINARY = {
    "one bit": lambda red: Image.fromarray(red),
    "255": lambda red: Image.fromarray(red.astype(np.uint8) * 255),
    "1": lambda red: Image.fromarray(red.astype(np.uint8)),
    "16 bits": lambda red: Image.fromarray(red.astype(np.uint16) * 65535),
    "dark 16 bits": lambda red: Image.fromarray(red.astype(np.uint16)),
    "grey in colours": lambda red: Image.fromarray(red.astype(np.uint8) * 255).convert("RGB"),
    "black and white palette": lambda red: by_palette(red, {0: (0, 0, 0), 1: (255, 255, 255)}),
    "opaque": lambda red: Image.fromarray(red.astype(np.uint8) * 255).convert("RGBA"),
    "transparency of one colour": in_transparency,
    "transparency of black": lambda red: in_transparency(red, 0),
}


@pytest.mark.parametrize("kind", BINARY)
def test_on_and_off_are_read_however_they_are_stored(world: World, masks: Path, kind: str) -> None:
    BINARY[kind](world.red()).save(masks / "a.png")
    truth = world.survey(masks)
    for index in range(3):
        np.testing.assert_array_equal(world.target(truth, index=index), world.red())


CODED = {
    "classes in grey": lambda red: Image.fromarray(red.astype(np.uint8) * 15),
    "instances": lambda red: Image.fromarray(np.cumsum(red, 1).astype(np.uint8) * red),
    "one class by palette": lambda red: by_palette(red, VOC_COLORS),
    "one class in colour": lambda red: Image.fromarray(
        red[..., None].astype(np.uint8) * np.array([128, 0, 0], np.uint8)
    ),
}


@pytest.mark.parametrize("kind", CODED)
def test_codes_that_nothing_explains_are_refused_and_a_class_in_the_name_explains_them(
    world: World, masks: Path, kind: str
) -> None:
    CODED[kind](world.red()).save(masks / "a.png")
    with pytest.raises(InputError, match=r"a\.png may hold classes or instances: .*classes\.csv"):
        world.survey(masks)
    (masks / "a.png").rename(masks / "a.red.png")
    np.testing.assert_array_equal(world.target(world.survey(masks)), world.red())


def test_255_beside_one_other_value_may_be_void_and_is_refused(world: World, masks: Path) -> None:
    values = world.red().astype(np.uint8)
    values[0] = 255
    Image.fromarray(values).save(masks / "a.red.png")
    with pytest.raises(InputError, match=r"a\.red\.png has the values 1 and 255 beside 0"):
        world.survey(masks)
    values[1, :3] = 17, 80, 200  # the soft edge of an object
    Image.fromarray(values).save(masks / "a.red.png")
    np.testing.assert_array_equal(world.target(world.survey(masks)), values != 0)


def test_a_value_of_1_is_a_class_where_other_masks_hold_classes(world: World, masks: Path) -> None:
    world.picture("b.png")
    Image.fromarray(world.red().astype(np.uint8)).save(masks / "a.png")
    assert found(world.survey(masks)) == {"image_unannotated": 1}
    Image.fromarray(world.red().astype(np.uint8) * 7).save(masks / "b.png")
    with pytest.raises(
        InputError, match=r"a\.png may hold .* of b\.png its pixels have the value 7"
    ):
        world.survey(masks)


def test_a_file_says_which_class_each_value_is_and_255_is_void(world: World, masks: Path) -> None:
    red = world.red()
    values = np.where(red, 1, 0)
    values[12:, :] = 2
    values[red[:, ::-1]] = 255
    (masks / "classes.csv").write_text("value,class\n0,background\n1,red\n2,sports_car\n")
    for image in (by_palette(values, VOC_COLORS), Image.fromarray(values.astype(np.uint8))):
        image.save(masks / "a.png")
        truth = world.survey(masks)
        np.testing.assert_array_equal(world.target(truth), values == 1)
        np.testing.assert_array_equal(world.target(truth, index=1), values == 2)
        both = world.masks(truth)
        assert isinstance(both, ObjectMasks)
        np.testing.assert_array_equal(both.others.numpy(), values == 2)
        assert world.masks(truth, index=2) == "class not annotated"


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        ("value,class\n1,red\n", r"classes\.csv does not explain a\.png: it has the value 2"),
        ("value,class\nred,1\n", r"line 2 of .*classes\.csv must hold a whole number and a class"),
        ("1,red\n2,blue\n", r"classes\.csv needs a header with value and one of class, name"),
    ],
)
def test_a_file_of_classes_that_does_not_serve_is_refused(
    world: World, masks: Path, classes: str, reason: str
) -> None:
    Image.fromarray(world.red().astype(np.uint8) * 2).save(masks / "a.png")
    (masks / "classes.csv").write_text(classes)
    with pytest.raises(InputError, match=reason):
        world.survey(masks)


def test_classes_in_the_names_are_told_from_dots_by_the_images(world: World, masks: Path) -> None:
    red = Image.fromarray(world.red())
    world.picture("img.png")
    world.picture("img.v1.png")
    world.picture("sub/a.png")
    for name in ("img.Sports Car.png", "img.v1.2.png", "a.png.png", "gone.red.png"):
        red.save(masks / name)
    (masks / "sub").mkdir()
    red.save(masks / "sub" / "a.red.png")
    truth = world.survey(masks)
    known = {name: [thing.index for thing in p.objects] for name, p in truth.pictures.items()}
    assert known == {"a.png": [None], "img.png": [1], "img.v1.png": [2], "sub/a.png": [0]}
    assert found(truth) == {"picture_unmatched": 1}


def test_masks_of_another_size_are_scaled_in_proportion_and_refused_else(
    world: World, masks: Path
) -> None:
    red = Image.fromarray(world.red())
    red.resize((80, 40), Image.Resampling.NEAREST).save(masks / "a.png")
    truth = world.survey(masks)
    np.testing.assert_array_equal(world.target(truth), world.red())
    assert found(truth) == {"scaled": 1}
    red.resize((50, 20)).save(masks / "a.png")
    with pytest.raises(InputError, match="picture of 50 x 20 pixels, the image has 40 x 20"):
        world.survey(masks)


def test_colours_and_transparency_that_disagree_are_refused(world: World, masks: Path) -> None:
    image = Image.fromarray(world.red()).convert("RGBA")
    image.putalpha(Image.fromarray(~world.red()).convert("L"))
    image.save(masks / "a.png")
    with pytest.raises(InputError, match="both colours and transparency"):
        world.survey(masks)


def test_what_is_no_mask_is_counted(world: World, masks: Path) -> None:
    red = Image.fromarray(world.red())
    red.save(masks / "a.red.png")
    red.save(masks / "a.png")
    red.convert("L").save(masks / "b.jpg")
    (masks / "broken.png").write_bytes(b"no image")
    (masks / ".hidden").touch()
    assert found(world.survey(masks)) == {
        "picture_unmatched": 1,
        "mask_beside_classes": 1,
        "file_not_read": 1,
    }


def test_a_mask_that_cannot_be_read_is_refused_with_its_image(world: World, masks: Path) -> None:
    (masks / "a.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"a\.png \(cannot read the mask .*a\.png"):
        world.survey(masks)
