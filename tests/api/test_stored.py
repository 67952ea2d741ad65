"""A run's results, read from Python."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import camcli
from camcli import CamcliError, StoredRun
from camcli.cli import app

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stored(scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    folder = tmp_path_factory.mktemp("run") / "out"
    broken = folder.parent / "broken.png"
    broken.write_bytes(b"no picture")
    command = ["explain", str(scenes / "0.png"), str(broken), "-m", "demo", "-q", "-j", "1"]
    command += ["--method", "decom-cam", "--save", "components", "--save", "maps"]
    CliRunner().invoke(app, [*command, "--target", "top2", "-o", str(folder)])
    return camcli.open_run(folder)


def test_rows_come_in_the_order_of_the_manifest_with_their_files(stored: StoredRun) -> None:
    lines = (stored.folder / "manifest.jsonl").read_text().splitlines()
    assert [row.row for row in stored] == [json.loads(line) for line in lines]
    first = stored[0]
    assert first.map is not None
    assert np.array_equal(first.map, np.load(stored.folder / first.row["map"]))
    assert first.components is not None
    assert first.components.shape[1:] == first.map.shape
    assert (stored[-1].status, stored[-1].map, stored[-1].components) == ("failed", None, None)
    assert "not an image" in str(stored[-1].reason)
    assert stored.record["config"]["model"]["name"] == "demo"
    assert len(stored[:2]) == 2


def test_what_was_not_kept_is_said(stored: StoredRun) -> None:
    with pytest.raises(CamcliError, match="has no overlay"):
        stored[0].overlay()


def test_rows_make_a_table(stored: StoredRun) -> None:
    pandas = pytest.importorskip("pandas")
    table = stored.to_pandas()
    assert isinstance(table, pandas.DataFrame)
    assert len(table) == len(stored)
    assert table["target.index"][0] == stored[0].target["index"]


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CamcliError, match="no manifest"):
        camcli.open_run(tmp_path)
