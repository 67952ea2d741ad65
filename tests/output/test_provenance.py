"""Pictures say what made them, to whoever reads them, and nothing of the machine."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from camcli import __version__
from camcli.config import OutputConfig
from camcli.output.artefacts import saved_artefacts
from camcli.output.encode import jpg, png
from camcli.output.provenance import Provenance
from camcli.records import Components, SaliencyMap, Versus
from tests.output.legends import CAT, map_over
from tests.output.made import MADE

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "looks.md"
IMAGE = Image.new("RGB", (4, 3), (1, 2, 3))
HOSTILE = "a\0b\nc\td\x1b[31m\u202e\u200f\ud8ff\u732b \"'<script>&"
EXPECTED = {
    "Software": "camcli 1.2.3",
    "camcli:image": "a.png",
    "camcli:target": "cat rather than dog",
    "camcli:class": "3",
    "camcli:method": "lift-cam",
    "camcli:layer": "features",
    "camcli:model": "demo",
    "camcli:weights": f"sha256:{'d' * 64}",
}


def in_png(data: bytes) -> Mapping[str, str]:
    with Image.open(io.BytesIO(data)) as found:
        return dict(found.text)  # type: ignore[attr-defined]


def in_jpg(data: bytes) -> Mapping[str, str]:
    with Image.open(io.BytesIO(data)) as found:
        read: dict[str, str] = json.loads(found.info["comment"])
        return read


def everything() -> SaliencyMap:
    found = map_over((30, 20), replace(CAT, versus=(Versus(5, "dog", 1.0),)))
    components = Components(np.ones((2, 8, 8), np.float32), (1.0, 0.5), (0.6, 0.4), 16)
    return replace(found, components=components)


def files_of(config: OutputConfig) -> dict[str, bytes]:
    found = {}
    for name, artefact in saved_artefacts(config, MADE).items():
        rendered = artefact.render(everything())
        assert rendered is not None
        found[name] = artefact.encode(rendered)
    return found


@pytest.mark.parametrize("kind", ["overlay", "heat", "sheet"])
def test_every_picture_says_what_made_it(kind: str) -> None:
    config = OutputConfig(save=("overlays", "heat", "components"))
    assert in_png(files_of(config)[kind]) == EXPECTED


def test_a_jpeg_says_the_same_in_its_comment() -> None:
    config = OutputConfig(save=("overlays",), overlay_format="jpg")
    assert in_jpg(files_of(config)["overlay"]) == EXPECTED


def test_the_lines_of_the_guide_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (file,) = re.findall(r'open\("(.*?)"\)', code)
    monkeypatch.chdir(tmp_path)
    Path(file).parent.mkdir(parents=True)
    Path(file).write_bytes(files_of(OutputConfig())["overlay"])
    exec(code)
    assert capsys.readouterr().out == f"{EXPECTED}\n"


def test_the_same_map_gives_the_same_bytes() -> None:
    config = OutputConfig(save=("overlays", "heat", "components"))
    assert files_of(config) == files_of(config)


def test_the_version_is_that_of_this_camcli() -> None:
    assert Provenance("m", "w").facts(map_over((8, 8)))["Software"] == (f"camcli {__version__}")


@pytest.mark.parametrize("read", [lambda t: in_png(png(IMAGE, t)), lambda t: in_jpg(jpg(IMAGE, t))])
@pytest.mark.parametrize("name", [HOSTILE, HOSTILE * 1000, "\0" * 10_000, "\U0001f408" * 10_000])
def test_hostile_names_are_read_back_as_harmless_ones(read: object, name: str) -> None:
    facts = MADE.facts(map_over((8, 8), replace(CAT, name=name), name=name))
    found = read(facts)  # type: ignore[operator]
    assert found == facts
    for value in found.values():
        assert len(value) <= 1000
        assert not set(value) & set("\0\n\t\x1b\u202e\u200f\ud8ff")


def test_a_name_is_spelt_out_where_it_could_control_what_shows_it() -> None:
    told = MADE.facts(map_over((8, 8), replace(CAT, name=HOSTILE)))["camcli:target"]
    assert told == r"a\x00b\nc\td\x1b[31m\u202e\u200f\ud8ff" + "\u732b \"'<script>&"


def test_a_long_value_ends_in_dots_at_a_thousand_characters() -> None:
    told = MADE.facts(map_over((8, 8), replace(CAT, name="x" * 1001)))["camcli:target"]
    assert told == "x" * 997 + "..."
    whole = MADE.facts(map_over((8, 8), replace(CAT, name="x" * 1000)))["camcli:target"]
    assert whole == "x" * 1000


def test_a_text_that_would_end_early_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        png(IMAGE, {"key": "a\0b"})


def test_pictures_without_facts_are_as_they_always_were() -> None:
    plain = io.BytesIO()
    IMAGE.save(plain, "JPEG", quality=90)
    assert jpg(IMAGE) == plain.getvalue()
    assert b"iTXt" not in png(IMAGE)
