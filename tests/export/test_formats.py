"""What other tools read of a run."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from camcli.comparison.compare import read_side
from camcli.errors import CamcliError
from camcli.export.coco_file import write_coco
from camcli.export.csv_file import write_csv
from camcli.export.parquet_file import write_parquet
from tests.comparison.runs import row_of, write_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Three rows: a map whose right half is high, one that failed, one of what speaks against."""
    values = np.zeros((4, 4), np.float32)
    values[:, 2:] = [0.4, 1.0]
    shape = {"width": 40, "height": 20, "crop_box": [10, 0, 30, 20]}
    against = row_of("b.png", "dog", 1, **shape)
    against["target"]["sign"] = "negative"
    rivals = [{"index": 0, "name": "cat", "weight": 0.5}, {"index": 7, "name": None, "weight": 0.5}]
    against["target"]["versus"] = rivals
    failed = row_of("broken.png", None, status="failed", error={"type": "E", "message": "why"})
    rows = [row_of("=1+1.png", "cat", 0, **shape), failed, against]
    return write_run(tmp_path / "run", rows, [values, None, values])


def test_csv_has_a_line_a_row_and_no_formula(run: Path, tmp_path: Path) -> None:
    assert write_csv(read_side(run), tmp_path / "run.csv") == 3
    with (tmp_path / "run.csv").open(encoding="utf-8", newline="") as file:
        first, second, third = csv.DictReader(file)
    assert first["image"] == "'=1+1.png"
    assert (first["target_name"], float(first["probability"])) == ("cat", 0.5)
    assert (first["crop_left"], first["crop_bottom"]) == ("10.0", "20.0")
    assert (second["status"], second["error_message"], second["target_index"]) == (
        "failed",
        "why",
        "",
    )
    assert (third["target_sign"], third["target_versus"]) == ("negative", "cat; 7")
    assert first["target_versus"] == ""


def test_parquet_has_the_same_with_types(run: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    assert write_parquet(read_side(run), tmp_path / "run.parquet") == 3
    table = parquet.read_table(tmp_path / "run.parquet")
    assert table["image"].to_pylist() == ["=1+1.png", "broken.png", "b.png"]
    assert table["target_index"].to_pylist() == [0, None, 1]
    assert str(table.schema.field("score").type) == "double"


def test_a_missing_package_names_the_command(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CamcliError, match=r"pip install 'camcli-saliency\[parquet\]'"):
        write_parquet(read_side(run), tmp_path / "run.parquet")


def test_coco_proposes_where_the_map_is_high(run: Path, tmp_path: Path) -> None:
    """The map's last column, of four, covers columns 25 to 30 of the image; stretched, 24 to 30."""
    path = tmp_path / "run.json"
    exported = write_coco(read_side(run), path, 0.75)
    assert exported.count == 1
    assert exported.lines("annotation") == [
        "no annotation for 1 row: the image failed",
        "no annotation for 1 row: what speaks against a class is no proposal of where it is",
    ]
    content = json.loads(path.read_text())
    (image,) = content["images"]
    assert image == {"id": 1, "file_name": "=1+1.png", "width": 40, "height": 20}
    assert content["categories"] == [{"id": 0, "name": "cat"}]
    (annotation,) = content["annotations"]
    left, top, width, height = annotation["bbox"]
    assert (top, height, left + width) == (0, 20, 30)
    assert 24 <= left <= 25
    assert annotation["area"] == width * height


def test_coco_is_read_by_its_own_library(run: Path, tmp_path: Path) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    path = tmp_path / "run.json"
    write_coco(read_side(run), path, 0.75)
    opened = coco.COCO(path)
    (annotation,) = opened.loadAnns(opened.getAnnIds())
    mask = opened.annToMask(annotation)
    left, top, width, height = annotation["bbox"]
    expected = np.zeros((20, 40), np.uint8)
    expected[top : top + height, left : left + width] = 1
    assert np.array_equal(mask, expected)
