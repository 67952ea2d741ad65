"""A dry run finds out what the run would, touches nothing and downloads nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from camcli.config import load_config
from camcli.run.preview import without_download
from tests.cli.conftest import Camcli

SMALL = ("-m", "tests.models.factories:build", "--set", "preprocess={resize: 32, crop: 32}")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_it_says_what_would_be_explained_and_where(camcli: Camcli, image: Path) -> None:
    finished = camcli("explain", image, "--dry-run", *SMALL, "--method", "GradCAM", "--target", "3")
    assert finished.code == 0, finished.stderr
    expected = "# would explain 1 image into out: tests.models.factories:build at body, grad-cam, 3"
    assert finished.stderr.splitlines() == [expected]
    assert "name: grad-cam" in finished.stdout
    assert not Path("out").exists()


def test_a_file_that_lists_other_images_is_told_as_the_run_tells_it(
    camcli: Camcli, image: Path
) -> None:
    Path("asked.csv").write_text("image,target,by\nelsewhere.png,3,me\n")
    asked = ("explain", image, *SMALL, "--target", "@asked.csv", "-q")
    told = [
        "asked.csv: 1 of 1 entries match no image of the run, such as elsewhere.png",
        "asked.csv: nothing reads the columns by",
    ]
    for how in ("--dry-run", "--exit-zero"):
        assert [line for line in camcli(*asked, how).stderr.splitlines() if line in told] == told
    Path("asked.csv").write_text("image,target\na.png,3\n")
    assert "asked.csv:" not in camcli(*asked, "--dry-run").stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--layer", "bdy"), "no layer 'bdy'"),
        (("--target", "10"), "there is no class 10"),
        (("--target", "cat"), "class names are not known"),
        (("--method", "lift-cm"), "did you mean 'lift-cam'"),
        (("--set", "method.options={channels: 3}"), "no such option"),
        (("--prompt", "a cat"), "reads no text"),
        (("--save", "components"), "has no components"),
        (("--set", "model.labels=nowhere.txt"), "cannot read nowhere.txt"),
        (("--checkpoint", "nowhere.pth"), "no checkpoint file nowhere.pth"),
        (("--device", "gpu"), "auto, cpu, cuda"),
    ],
)
def test_it_exits_2_where_the_run_would(
    camcli: Camcli, image: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    finished = camcli("explain", image, "--dry-run", *SMALL, *arguments)
    assert finished.code == 2
    assert complaint in finished.stderr
    assert finished.stdout == ""


def test_an_output_folder_that_the_run_would_refuse_is_refused(camcli: Camcli, image: Path) -> None:
    Path("out").mkdir()
    Path("out/notes.txt").touch()
    finished = camcli("explain", image, "--dry-run", *SMALL)
    assert finished.code == 2
    assert "the output folder out is not empty" in finished.stderr
    assert camcli("explain", image, "--dry-run", *SMALL, "--overwrite").code == 0
    assert [path.name for path in Path("out").iterdir()] == ["notes.txt"]


@pytest.mark.slow
def test_weights_that_may_be_downloaded_are_left_aside_and_told(
    camcli: Camcli, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        torch.hub, "load_state_dict_from_url", lambda *_, **__: pytest.fail("asked")
    )
    tiny = ("-m", "squeezenet1_1", "--set", "preprocess={resize: 64, crop: 64}")
    finished = camcli("explain", image, "--dry-run", *tiny, "--target", "tench")
    assert finished.code == 0, finished.stderr
    assert "squeezenet1_1 at features, lift-cam, tench" in finished.stderr
    assert "the weights were left aside" in finished.stderr


@pytest.mark.parametrize(
    ("weights", "instead"),
    [("default", None), ("IMAGENET1K_V1", None), (None, None), ("V7", "V7"), ("w.pth", "w.pth")],
)
def test_only_weights_of_a_source_are_replaced(weights: str | None, instead: str | None) -> None:
    config = load_config(flags={"model.name": "resnet18", "model.weights": weights})
    assert without_download(config).model.weights == instead
    own = load_config(flags={"model.weights": "default"})
    assert without_download(own).model.weights == "default"  # the demo network is carried along


@pytest.mark.slow
def test_a_run_that_would_not_be_resumed_is_not(camcli: Camcli, image: Path) -> None:
    assert camcli("explain", image, *SMALL, "--target", "3", "-q").code == 0
    again = ("explain", image, *SMALL, "--resume", "--dry-run", "--target")
    assert camcli(*again, "3").code == 0
    other = camcli(*again, "4")
    assert other.code == 2
    assert "targets" in other.stderr
