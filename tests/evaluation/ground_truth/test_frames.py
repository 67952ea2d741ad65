"""The frame of an annotation against the picture: its size, its EXIF orientation, its edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from camcli.errors import InputError
from camcli.evaluation.ground_truth.content import UnusableTruthError
from camcli.evaluation.ground_truth.frames import Frame, frame_of
from camcli.evaluation.ground_truth.shapes import Rectangle
from camcli.images.decode import StoredPicture
from camcli.records import Geometry
from tests.evaluation.ground_truth.conftest import World, found

BOX = [4, 2, 12, 6]
POLYGON = [[4, 2, 16, 2, 16, 8, 4, 8]]


def rle(width: int, height: int, box: tuple[int, int, int, int]) -> dict[str, Any]:
    mask = np.zeros((height, width), dtype=bool)
    mask[box[1] : box[3], box[0] : box[2]] = True
    changes = np.flatnonzero(np.diff(mask.T.ravel().astype(int), prepend=0))
    return {"size": [height, width], "counts": np.diff([0, *changes, mask.size]).tolist()}


OUTLINES = [
    {"bbox": BOX},
    {"segmentation": POLYGON},
    {"segmentation": rle(40, 20, (4, 2, 16, 8))},
]


@pytest.mark.parametrize("outline", OUTLINES)
@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_what_was_drawn_on_the_stored_picture_is_turned_with_it(
    world: World, outline: dict[str, Any], orientation: int
) -> None:
    world.picture("a.jpg", orientation=orientation)
    truth = world.survey(world.coco(outline, file_name="a.jpg", width=40, height=20))
    red = world.red("a.jpg")
    mask = world.target(truth, "a.jpg")
    assert mask.shape == (40, 20)
    assert (mask != red).sum() <= 8  # JPEG blurs the object's corners
    assert mask.sum() == 12 * 6
    assert found(truth) == {"turned": 1}


@pytest.mark.parametrize("orientation", range(2, 9))
def test_every_orientation_leads_to_the_pixels_that_pillow_turns(orientation: int) -> None:
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }[orientation]
    stored = np.zeros((20, 40), dtype=bool)
    stored[2:8, 4:16] = True
    expected = np.asarray(Image.fromarray(stored).transpose(turn))
    height, width = expected.shape
    mask = Frame((40, 20), (width, height), turn).visible(
        Rectangle((4, 2, 16, 8)), Geometry(width, height, (0, 0, width, height)), (height, width)
    )
    np.testing.assert_array_equal(mask, expected)


def test_what_was_drawn_upright_stays_so(world: World) -> None:
    world.picture("a.jpg", orientation=6)  # upright, the box lies at (12, 4) to (18, 16)
    truth = world.survey(
        world.coco({"bbox": [12, 4, 6, 12]}, file_name="a.jpg", width=20, height=40)
    )
    assert (world.target(truth, "a.jpg") != world.red("a.jpg")).sum() <= 8
    assert found(truth) == {}


@pytest.mark.parametrize(
    ("size", "orientation", "stated"),
    [
        ((40, 20), 6, {}),
        ((40, 20), 3, {"width": 40, "height": 20}),
        ((40, 40), 6, {"width": 40, "height": 40}),
        ((40, 20), 6, {"width": 40, "height": 40}),
        ((40, 20), 1, {"width": 20, "height": 40}),
        ((40, 20), 1, {"width": 40, "height": 30}),
    ],
)
def test_a_frame_that_cannot_be_known_is_refused_with_the_picture(
    world: World, size: tuple[int, int], orientation: int, stated: dict[str, int]
) -> None:
    world.picture("a.jpg", size, orientation=orientation)
    with pytest.raises(InputError, match=r"annotation was not used: 1 \(a\.jpg \(the (im|ann)"):
        world.survey(world.coco({"bbox": BOX}, file_name="a.jpg", **stated))


@pytest.mark.parametrize("factor", [0.5, 2, 3])
@pytest.mark.parametrize("kind", ["box", "polygon", "mask"])
def test_an_annotation_of_a_copy_in_another_size_is_scaled(
    world: World, factor: float, kind: str
) -> None:
    world.picture()
    left, top, right, bottom = (int(side * factor) for side in (4, 2, 16, 8))
    size = int(40 * factor), int(20 * factor)
    outline = {
        "box": {"bbox": [left, top, right - left, bottom - top]},
        "polygon": {"segmentation": [[left, top, right, top, right, bottom, left, bottom]]},
        "mask": {"segmentation": rle(*size, (left, top, right, bottom))},
    }[kind]
    truth = world.survey(world.coco(outline, width=size[0], height=size[1]))
    np.testing.assert_array_equal(world.target(truth), world.red())
    assert found(truth) == {"scaled": 1}


def test_proportions_agree_as_far_as_whole_pixels_can() -> None:
    picture = StoredPicture((500, 333), None)
    for stated in [(250, 166), (250, 167), (1000, 666), (333, 222)]:
        assert frame_of(stated, picture).scaled
    for stated in [(250, 160), (333, 500), (224, 224), (1000, 600)]:
        with pytest.raises(UnusableTruthError, match="500 x 333"):
            frame_of(stated, picture)


def test_what_reaches_beyond_the_edge_is_told_and_used_up_to_it(world: World) -> None:
    world.picture(box=(30, 10, 40, 20))
    truth = world.survey(world.coco({"bbox": [30, 10, 20, 20]}))
    np.testing.assert_array_equal(world.target(truth), world.red())
    assert found(truth) == {"beyond_edge": 1}
    assert found(world.survey(world.coco({"bbox": [30, 10, 10.6, 10.9]}))) == {}
