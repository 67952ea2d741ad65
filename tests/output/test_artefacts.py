"""A kind of artefact is a class and a row of the table, and no more."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
from PIL import Image

from camcli.cli.options import Flags
from camcli.config import Config, OutputConfig
from camcli.config.artefacts import ARTEFACT_KINDS, SAVE_CHOICES, ArtefactKind
from camcli.images.names import safe_name
from camcli.output.artefacts import saved_artefacts
from camcli.output.artefacts.base import MapArtefact
from camcli.output.folder import FolderPolicy, open_folder
from camcli.output.manifest import Manifest, read_rows
from camcli.output.record import write_run
from camcli.output.rows import RowMaker
from camcli.output.verify import verify_folder
from camcli.output.writers import ArtefactWriter
from camcli.records import Components, Geometry, ImageItem, ImageRef, SaliencyMap, Target
from camcli.workers.demand import draws
from tests.output.made import MADE
from tests.output.runs import Use

EVERYTHING = OutputConfig(save=SAVE_CHOICES)


class ThresholdedArea(MapArtefact[float]):
    """How much of a map is above one half, as text."""

    @property
    def suffix(self) -> str:
        return ".txt"

    def render(self, saliency_map: SaliencyMap) -> float | None:
        assert saliency_map.values is not None
        return float((saliency_map.values > 0.5).mean())

    def encode(self, rendered: float) -> bytes:
        return f"{rendered:.3f}\n".encode()


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> str:
    """A kind that is saved along with maps."""
    module = ModuleType("toy_artefacts")
    module.ThresholdedArea = ThresholdedArea  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "toy_artefacts", module)
    kind = ArtefactKind("toy_artefacts:ThresholdedArea", "maps", "areas", (".txt",))
    monkeypatch.setitem(ARTEFACT_KINDS, "area", kind)
    return "area"


def _map(components: bool = False) -> SaliencyMap:
    original = Image.new("RGB", (8, 8), (9, 99, 200))
    item = ImageItem(
        ref=ImageRef(0, Path("in/cat.jpg"), "in/cat.jpg"),
        original=original,
        pixels=np.asarray(original),
        geometry=Geometry(8, 8, (0.0, 0.0, 8.0, 8.0)),
        sha256="d" * 64,
    )
    values = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
    return SaliencyMap(
        item=item,
        target=Target(281, "tabby", 3.0, 0.5),
        method="lift-cam",
        layer="features",
        values=values,
        range=(0.0, 1.0),
        completeness_error=None,
        components=Components(np.stack([values] * 2), (1.0, 0.5), (0.6, 0.4), 16)
        if components
        else None,
    )


def _run(folder: Path, policy: FolderPolicy, config: OutputConfig) -> dict[str, Any]:
    """Do what a run of one image does, and return its row."""
    with open_folder(folder, Use(policy), {"model": "demo"}, False):
        write_run(folder, {"state": "finished", "fingerprint": {"model": "demo"}})
        saliency_map = _map()
        (written,) = ArtefactWriter(folder, config, MADE, class_in_name=False).write([saliency_map])
        with Manifest(folder / "manifest.jsonl") as manifest:
            manifest.append([RowMaker([("lift-cam", "layer")]).row(saliency_map, written)])
    (row,) = read_rows(folder / "manifest.jsonl")
    return row


def test_a_new_kind_is_written_and_listed_in_its_row(tmp_path: Path, toy: str) -> None:
    row = _run(tmp_path, FolderPolicy.REFUSE, OutputConfig(save=("maps",)))
    assert row["artefacts"] == {toy: "areas/in/cat.jpg.txt"}
    data = (tmp_path / "areas" / "in" / "cat.jpg.txt").read_bytes()
    assert data == b"0.500\n"
    assert row["sha256"][toy] == hashlib.sha256(data).hexdigest()
    assert row["map"] == "maps/in/cat.jpg.npy"


def test_a_new_kind_is_written_only_where_it_is_asked_for(tmp_path: Path, toy: str) -> None:
    row = _run(tmp_path, FolderPolicy.REFUSE, OutputConfig(save=("overlays",)))
    assert row["artefacts"] is None
    assert toy not in row["sha256"]


def test_files_of_a_new_kind_are_verified(tmp_path: Path, toy: str) -> None:
    _run(tmp_path, FolderPolicy.REFUSE, OutputConfig(save=("maps",)))
    assert (verify_folder(tmp_path).files, verify_folder(tmp_path).damages) == (2, [])
    (tmp_path / "areas" / "in" / "cat.jpg.txt").write_bytes(b"0.600\n")
    (damage,) = verify_folder(tmp_path).damages
    assert (damage.path, damage.fault) == ("areas/in/cat.jpg.txt", "changed")


def test_an_image_that_lost_its_file_of_a_new_kind_is_explained_again(
    tmp_path: Path, toy: str
) -> None:
    _run(tmp_path, FolderPolicy.REFUSE, OutputConfig(save=("maps",)))
    (tmp_path / "areas" / "in" / "cat.jpg.txt").unlink()
    with open_folder(tmp_path, Use(FolderPolicy.RESUME), {"model": "demo"}, False) as found:
        assert found.redone == {"in/cat.jpg"}


def test_files_of_a_new_kind_are_removed_when_a_run_is_overwritten(
    tmp_path: Path, toy: str
) -> None:
    _run(tmp_path, FolderPolicy.REFUSE, OutputConfig(save=("maps",)))
    _run(tmp_path, FolderPolicy.OVERWRITE, OutputConfig(save=("overlays",)))
    assert not (tmp_path / "areas").exists()


def test_every_path_is_where_the_table_says(tmp_path: Path) -> None:
    saliency_map = _map(components=True)
    writer = ArtefactWriter(tmp_path, EVERYTHING, MADE, class_in_name=True)
    (written,) = writer.write([saliency_map])
    assert list(written) == list(saved_artefacts(EVERYTHING, MADE))
    row: Any = RowMaker([("decom-cam", "layer")]).row(saliency_map, written).to_json()
    for name in written:
        kind, value = ARTEFACT_KINDS[name], row
        for key in kind.place or ("artefacts", name):
            value = value[key]
        assert value == written[name][0]
        of_image = name == "grid"
        assert value.startswith(f"{kind.folder}/in/cat.jpg.{'' if of_image else '281.'}")
        assert value.endswith(kind.suffixes)
    unplaced = {name for name in written if not ARTEFACT_KINDS[name].place}
    assert set(row["artefacts"] or ()) == unplaced


@pytest.mark.parametrize(
    "overlay_format", get_args(OutputConfig.model_fields["overlay_format"].annotation)
)
def test_every_suffix_is_in_the_table(overlay_format: Any) -> None:
    config = EVERYTHING.model_copy(update={"overlay_format": overlay_format})
    for name, artefact in saved_artefacts(config, MADE).items():
        assert artefact.suffix in ARTEFACT_KINDS[name].suffixes


def test_the_command_line_and_the_config_offer_the_choices_of_the_table() -> None:
    choices, _ = get_args(OutputConfig.model_fields["save"].annotation)
    assert get_args(choices) == SAVE_CHOICES
    assert {"maps", "overlays", "heat", "components"} <= set(SAVE_CHOICES)
    option = get_type_hints(Flags, include_extras=True)["save"].__metadata__[-1]
    assert all(choice in option.help for choice in SAVE_CHOICES)


@pytest.mark.parametrize(
    ("save", "expected"),
    [((), False), (("maps",), False), (("overlays",), True), (("maps", "components"), True)],
)
def test_originals_are_kept_only_for_what_is_drawn_over_them(
    save: tuple[str, ...], expected: bool
) -> None:
    assert draws(Config(output=OutputConfig(save=save))) is expected


@pytest.mark.parametrize("suffix", [".npy", ".png"])
def test_a_folder_named_like_a_file_that_is_written_gets_another_name(suffix: str) -> None:
    assert safe_name([f"cat.jpg{suffix}", "dog.jpg"]) == f"cat.jpg{suffix}~/dog.jpg"


def test_a_folder_named_like_a_photograph_keeps_its_name() -> None:
    assert safe_name(["cat.jpg", "dog.jpg"]) == "cat.jpg/dog.jpg"
