"""`camcli explain --save components`, as a user runs it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Camcli, rows_in

DECOM = ("--method", "decom-cam", "--save", "components")


@pytest.mark.slow
def test_components_are_written_with_a_sheet_and_their_weights(
    camcli: Camcli, scenes: Path
) -> None:
    finished = camcli("explain", scenes, *DECOM, "--save", "maps", "-q")
    assert finished.code == 0, finished.stderr
    rows = rows_in(Path("out"))
    assert len(rows) == 7
    for row in rows:
        components = row["components"]
        assert components["path"] == f"components/{row['image']}.npy"
        assert components["sheet"] == f"sheets/{row['image']}.png"
        maps = np.load(Path("out") / components["path"], allow_pickle=False)
        assert maps.shape == (10, 128, 128)
        assert maps.dtype == np.float32
        assert maps.min() == 0
        assert maps.max() == 1
        assert max(components["weights"]) == 1
        assert min(components["weights"]) >= 0
        shares = components["explained_variance"]
        assert shares == sorted(shares, reverse=True)
        assert 0.5 < sum(shares) <= 1 + 1e-6
        assert components["channels"] == 100
        with Image.open(Path("out") / components["sheet"]) as sheet:
            assert sheet.mode == "RGB"
        for what, path in (("components", components["path"]), ("sheet", components["sheet"])):
            data = (Path("out") / path).read_bytes()
            assert hashlib.sha256(data).hexdigest() == row["sha256"][what]


@pytest.mark.slow
@pytest.mark.parametrize(("size", "shape"), [("layer", (16, 16)), ("original", (120, 160))])
def test_components_have_the_size_of_the_maps(
    size: str, shape: tuple[int, int], camcli: Camcli, scenes: Path
) -> None:
    camcli("explain", scenes / "0.png", *DECOM, "--set", f"output.map_size={size}", "-q")
    (row,) = rows_in(Path("out"))
    assert np.load(Path("out") / row["components"]["path"]).shape == (10, *shape)


@pytest.mark.slow
def test_without_saving_them_the_row_still_has_their_weights(camcli: Camcli, scenes: Path) -> None:
    camcli("explain", scenes / "0.png", "--method", "decom-cam", "-q")
    (row,) = rows_in(Path("out"))
    assert row["components"]["path"] is None
    assert row["components"]["sheet"] is None
    assert len(row["components"]["weights"]) == 10
    assert not Path("out/components").exists()
    assert not Path("out/sheets").exists()


@pytest.mark.slow
def test_several_targets_have_components_each(camcli: Camcli, scenes: Path) -> None:
    threshold = (
        "--set",
        "method.options.threshold=null",
        "--set",
        "method.options.weights=min-max",
    )
    camcli("explain", scenes / "0.png", *DECOM, *threshold, "--target", "top2", "-q")
    rows = rows_in(Path("out"))
    assert len(rows) == 2
    for row in rows:
        stem = f"{row['image']}.{row['target']['index']}"
        assert row["components"]["path"] == f"components/{stem}.npy"
        assert row["components"]["sheet"] == f"sheets/{stem}.png"
        assert (Path("out") / row["components"]["path"]).is_file()
    first, second = (np.load(Path("out") / row["components"]["path"]) for row in rows)
    assert np.abs(first - second).max() > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["path", "sheet"])
def test_a_lost_components_file_is_written_again_on_resuming(
    lost: str, camcli: Camcli, scenes: Path
) -> None:
    camcli("explain", scenes / "0.png", *DECOM, "-q")
    (row,) = rows_in(Path("out"))
    path = Path("out") / row["components"][lost]
    before = path.read_bytes()
    path.unlink()
    finished = camcli("explain", scenes / "0.png", *DECOM, "-q", "--resume")
    assert finished.code == 0
    assert path.read_bytes() == before
    assert rows_in(Path("out")) == [row]


@pytest.mark.slow
def test_a_degenerate_image_has_a_reason_and_no_files(camcli: Camcli, scenes: Path) -> None:
    finished = camcli(
        "explain", scenes / "0.png", *DECOM, "--set", "method.options.threshold=1e6", "-q"
    )
    assert finished.code == 1
    (row,) = rows_in(Path("out"))
    assert row["status"] == "degenerate"
    assert row["error"]["message"] == "no component has a positive weight of at least 1e+06"
    assert row["components"] is None
    assert row["map_range"] is None
    assert not Path("out/components").exists()


@pytest.mark.slow
def test_several_layers_have_no_components_to_save(camcli: Camcli, scenes: Path) -> None:
    layers = ("--layer", "stages.2", "--layer", "stages.3")
    finished = camcli("explain", scenes, *DECOM, *layers)
    assert finished.code == 2
    assert "components belong to one layer" in finished.stderr
    without = camcli("explain", scenes / "0.png", "--method", "decom-cam", *layers, "-q")
    assert without.code == 0, without.stderr


def test_a_method_without_components_cannot_save_them(camcli: Camcli, scenes: Path) -> None:
    finished = camcli("explain", scenes, "--save", "components")
    assert finished.code == 2
    assert "lift-cam has no components to save" in finished.stderr
    assert not Path("out").exists()
