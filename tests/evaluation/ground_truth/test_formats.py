"""Which format a path is read as."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from camcli.errors import InputError
from camcli.evaluation.ground_truth import formats
from camcli.evaluation.ground_truth.content import Annotations
from camcli.evaluation.ground_truth.formats import FORMATS, TruthFormat, read_truth
from camcli.evaluation.ground_truth.frames import Frame
from camcli.evaluation.ground_truth.shapes import Rectangle
from camcli.records import Geometry
from tests.evaluation.ground_truth.conftest import World

NOTHING = Annotations(())


def test_a_shape_lies_where_the_input_does() -> None:
    # An image of 40 x 20 pixels whose middle 20 x 20 became the input's 10 x 10.
    geometry = Geometry(40, 20, (10.0, 0.0, 30.0, 20.0))
    frame = Frame((40, 20), (40, 20))
    expected = np.zeros((10, 10), dtype=bool)
    expected[:5, :5] = True
    cat = frame.visible(Rectangle((10, 0, 20, 10)), geometry, (10, 10))
    car = frame.visible(Rectangle((20, 10, 40, 20)), geometry, (10, 10))
    np.testing.assert_array_equal(cat, expected)
    np.testing.assert_array_equal(car, expected[::-1, ::-1])


def test_ground_truth_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no annotation"):
        read_truth(tmp_path / "missing.json", [])
    with pytest.raises(InputError, match=r"neither masks .* nor Pascal VOC"):
        read_truth(tmp_path, [])


def test_xml_beside_the_pictures_is_read_and_not_the_pictures(world: World) -> None:
    world.picture("a.png")
    box = "<xmin>5</xmin><ymin>3</ymin><xmax>16</xmax><ymax>8</ymax>"
    (world.photos / "a.xml").write_text(
        f"<annotation><object><name>red</name><bndbox>{box}</bndbox></object></annotation>"
    )
    truth = world.survey(world.photos)
    np.testing.assert_array_equal(world.target(truth), world.red())
    assert truth.report.regions == {"box": 1}


def test_the_pictures_themselves_are_no_masks(world: World) -> None:
    path = world.picture("a.png")
    Image.effect_noise((40, 20), 90).convert("RGB").save(path)
    with pytest.raises(InputError, match="may hold classes or instances"):
        world.survey(world.photos)


def test_a_path_of_no_format_is_refused_with_every_format_named(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.touch()
    with pytest.raises(InputError) as error:
        read_truth(path, [])
    for known in FORMATS:
        assert known.description in str(error.value)


def test_a_file_that_cannot_be_opened_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Annotations:
        raise PermissionError("not allowed")

    path = tmp_path / "a.json"
    path.touch()
    monkeypatch.setattr(formats, "FORMATS", (TruthFormat("anything", Path.exists, refuse),))
    with pytest.raises(InputError, match=r"cannot read the annotations .*a\.json: not allowed"):
        read_truth(path, [])


def test_a_new_format_is_a_row_of_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.touch()
    toy = TruthFormat("a .txt", lambda p: p.suffix == ".txt", lambda *_: NOTHING)
    monkeypatch.setattr(formats, "FORMATS", (*FORMATS, toy))
    assert read_truth(path, []) is NOTHING
