"""Pictures of a whole run: what they show, what they say, and what was asked for in vain."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from camcli import __version__
from camcli.cli.explain import _looked_at
from camcli.config import OutputConfig
from camcli.output.idle_looks import idle_looks
from tests.cli.conftest import Camcli, rows_in

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "looks.md"
LOOKS = ("--save", "overlays", "--save", "heat", "--caption", "full", "--colorbar")


@pytest.mark.slow
def test_pictures_of_a_run_say_what_made_them_in_the_same_bytes_each_time(
    camcli: Camcli, scenes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    monkeypatch.setattr("camcli.cli.explain.open_result", opened.append)
    images = [scenes / "0.png", scenes / "1.png"]
    for folder, *more in (("one", "-b", "2", "--open"), ("two", "-b", "1")):
        finished = camcli("explain", *images, "-o", folder, *more, "--no-compile", *LOOKS)
        assert finished.code == 0, finished.stderr
    assert opened == [Path("one/overlays")]
    record = json.loads(Path("one/run.json").read_text())
    for row in rows_in(Path("one")):
        overlay, heat = Path("one", row["overlay"]), Path("one", row["artefacts"]["heat"])
        with Image.open(overlay) as shown, Image.open(heat) as bare:
            assert bare.size == (row["width"], row["height"])
            assert shown.height > row["height"]
            assert shown.text == bare.text  # type: ignore[attr-defined]
            assert shown.text == {  # type: ignore[attr-defined]
                "Software": f"camcli {__version__}",
                "camcli:image": row["image"],
                "camcli:target": row["target"]["name"],
                "camcli:class": str(row["target"]["index"]),
                "camcli:method": "lift-cam",
                "camcli:layer": row["layer"],
                "camcli:model": "demo",
                "camcli:weights": record["fingerprint"]["model"]["weights"],
            }
        for path in (overlay, heat):
            assert path.read_bytes() == Path("two", *path.parts[1:]).read_bytes()


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        ({}, []),
        ({"caption": "full", "colorbar": True}, []),
        ({"save": "maps", "caption": "full"}, ["output.caption is not used"]),
        ({"save": "maps", "colorbar": True}, ["output.colorbar is not used"]),
        ({"font": "f"}, ["output.font is not used"]),
        ({"font": "f", "caption": "label"}, []),
        ({"font": "f", "save": ["components"]}, []),
        ({"font": "f", "save": "heat"}, ["output.font is not used"]),
        ({"save": "maps", "style": "heat"}, ["output.style is not used"]),
        ({"save": "heat", "overlay_format": "jpg"}, ["output.overlay_format is not used"]),
        ({"save": "heat", "overlay_side": 64}, []),
        ({"save": "maps", "overlay_side": 64}, ["output.overlay_side is not used"]),
        ({"style": "mask", "colormap": "viridis"}, ["output.colormap is not used"]),
        ({"style": "mask", "save": ["overlays", "heat"], "colormap": "viridis"}, []),
        ({"save": "maps", "colormap": "viridis"}, ["output.colormap is not used"]),
        ({"style": "mask", "alpha": 0.9}, []),
        ({"style": "heat", "alpha": 0.9}, ["output.alpha is not used"]),
        ({"style": "contour", "alpha": 0.9}, ["output.alpha is not used"]),
        ({"style": "contour", "alpha": 0.9, "save": ["overlays", "components"]}, []),
        ({"save": "overlays", "map_size": "original"}, ["output.map_size is not used"]),
    ],
)
def test_looks_that_no_picture_has_are_told(look: dict[str, object], expected: list[str]) -> None:
    font = look.pop("font", None)
    output = OutputConfig(**look).model_copy(update={"font": font})
    assert [line.partition(":")[0] for line in idle_looks(output)] == expected


def test_a_font_that_is_none_is_refused_before_anything_is_loaded(
    camcli: Camcli, scenes: Path
) -> None:
    Path("font.ttf").write_text("no font")
    for name, reason in (("font.ttf", "not a font"), ("gone.ttf", "there is no such file")):
        finished = camcli("explain", scenes, "--set", f"output.font={name}", "--dry-run")
        assert finished.code == 2
        assert f"output.font: {reason}" in finished.stderr


def test_what_is_opened_is_the_folder_of_pictures_or_the_whole(tmp_path: Path) -> None:
    assert _looked_at(tmp_path) == tmp_path
    for name in ("maps", "sheets", "heat", "overlays"):
        (tmp_path / name).mkdir()
        assert _looked_at(tmp_path) == tmp_path / ("" if name == "maps" else name)
