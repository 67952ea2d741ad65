"""Prompts, as a user gives them, for the dual encoder that comes with camcli."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from camcli.demo.scenes import make_scene
from tests.cli.conftest import Camcli, rows_in

pytest.importorskip("open_clip")
CLIP = ("-m", "demo-clip", "--no-compile", "-q", "-o", "out")
COUNT = 1000


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two objects")
    for number in range(3):
        scene = make_scene(9_500_000 + number, classes=("house", "fish"))
        scene.image.save(folder / f"{number}.png")
    return folder


@pytest.mark.slow
def test_each_prompt_has_a_row_a_map_and_an_overlay(camcli: Camcli, images: Path) -> None:
    prompts = ("--prompt", "a house", "--prompt", "a fish")
    finished = camcli("explain", images, *CLIP, *prompts)
    assert finished.code == 0, finished.stderr
    rows = rows_in(Path("out"))
    asked = [(row["image"], row["target"]["name"]) for row in rows]
    assert asked == [(f"{n}.png", text) for n in range(3) for text in ("a house", "a fish")]
    assert all(row["completeness_error"] < 1e-4 for row in rows)
    assert all((Path("out") / row["map"]).is_file() for row in rows)
    for house, fish in zip(rows[::2], rows[1::2], strict=True):
        total = house["target"]["probability"] + fish["target"]["probability"]
        assert total == pytest.approx(1.0)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["'@prompts'", "{class: a house, versus: empty-prompt}"])
def test_a_single_prompt_has_a_score_and_no_probability(
    camcli: Camcli, images: Path, target: str
) -> None:
    asked = ("--prompt", "a house", "--set", f"targets=[{target}]")
    finished = camcli("explain", images / "0.png", *CLIP, *asked)
    assert finished.code == 0, finished.stderr
    (row,) = rows_in(Path("out"))
    assert (row["target"]["score_kind"], row["target"]["probability"]) == ("value", None)
    assert row["status"] == "ok"
    assert row["completeness_error"] < 1e-4


@pytest.mark.slow
def test_components_have_a_sheet_for_each_prompt(camcli: Camcli, images: Path) -> None:
    finished = camcli(
        "explain", images / "0.png", *CLIP, "--method", "decom-cam", "--save", "components",
        "--prompt", "a house", "--prompt", "a fish",
    )  # fmt: skip
    assert finished.code == 0, finished.stderr
    sheets = [row["components"]["sheet"] for row in rows_in(Path("out"))]
    assert len(set(sheets)) == 2
    assert all((Path("out") / sheet).is_file() for sheet in sheets)


@pytest.mark.slow
def test_each_image_is_explained_for_its_own_prompts(camcli: Camcli, images: Path) -> None:
    listing = Path("prompts.csv")
    listing.write_text("image,prompt\n0.png,a house\n1.png,a fish\n")
    finished = camcli("explain", images, *CLIP, "--prompts", listing)
    rows = rows_in(Path("out"))
    assert finished.code == 1
    assert [row["target"] and row["target"]["name"] for row in rows] == ["a house", "a fish", None]
    assert rows[2]["error"]["message"] == "prompts.csv has no prompt for 2.png"


@pytest.mark.slow
def test_the_best_of_a_class_list_can_be_explained(camcli: Camcli, images: Path) -> None:
    Path("classes.txt").write_text("car\nhouse\ncat\n")
    finished = camcli(
        "explain", images, *CLIP, "--prompts", "classes.txt", "--target", "top1",
        "--set", 'prompts.templates=["a photo of a {}", "a drawing of a {}"]',
        "--set", "prompts.score=softmax",
    )  # fmt: skip
    assert finished.code == 0, finished.stderr
    for row in rows_in(Path("out")):
        assert row["target"]["name"] == "house"
        assert row["target"]["score"] == row["target"]["probability"]
        assert row["completeness_error"] < 1e-4


@pytest.mark.slow
def test_a_thousand_images_encode_a_prompt_once(
    camcli: Camcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import open_clip.model

    folder = tmp_path / "many"
    folder.mkdir()
    make_scene(9_500_000, (64, 64), classes=("house",)).image.save(folder / "0.png")
    for number in range(1, COUNT):
        (folder / f"{number}.png").hardlink_to(folder / "0.png")
    dual_encoder, encoded = open_clip.model.CLIP, []
    encode = dual_encoder.encode_text

    def counting(self, text, normalize=False):
        encoded.append(len(text))
        return encode(self, text, normalize)

    monkeypatch.setattr(dual_encoder, "encode_text", counting)
    finished = camcli(
        "explain", folder, *CLIP, "--prompt", "a house", "--method", "grad-cam",
        "--set", "output.save=[]",
    )  # fmt: skip
    assert finished.code == 0, finished.stderr
    assert len(rows_in(Path("out"))) == COUNT
    assert encoded == [1]


@pytest.mark.slow
def test_prompts_can_be_evaluated(camcli: Camcli, images: Path) -> None:
    asked = ("--methods", "grad-cam,lift-cam", "--no-costs", "--steps", "4", "--json")
    finished = camcli(
        "evaluate", images, "-m", "demo-clip", "-q", "-o", "out", *asked,
        "--prompt", "a house", "--prompt", "a fish",
    )  # fmt: skip
    assert finished.code == 0, finished.stderr
    assert set(json.loads(finished.stdout)["methods"]) >= {"grad-cam", "lift-cam"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (CLIP, "demo-clip scores texts and has no classes: say what to look for with --prompt"),
        ((*CLIP, "--prompt", ""), "prompt 1 is empty"),
        ((*CLIP, "--prompt", "a hause"), "does not know the word 'hause'; did you mean 'house'"),
        ((*CLIP, "--prompt", "a red " * 20), "longer than the 20 tokens that demo-clip reads"),
        ((*CLIP, "--prompts", "absent.txt"), "cannot read the prompts in absent.txt"),
        ((*CLIP, "--prompt", "a fish", "--target", "dog"), "there is no class 'dog'"),
        (("-m", "demo", "-o", "out", "--prompt", "a fish"), "demo scores classes and reads no"),
        (("-m", "demo", "-o", "out", "--target", "prompts"), "there are no prompts to be targets"),
        (("-m", "open_clip:RN5O", "-o", "out", "--prompt", "x"), "no architecture 'RN5O'"),
    ],
)
def test_mistakes_are_answered_in_one_message(
    camcli: Camcli, images: Path, arguments: tuple[str, ...], expected: str
) -> None:
    finished = camcli("explain", images, *arguments)
    assert finished.code == 2
    assert expected in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not Path("out").exists()


@pytest.mark.slow
def test_one_prompt_alone_cannot_be_evaluated(camcli: Camcli, images: Path) -> None:
    finished = camcli("evaluate", images, "-m", "demo-clip", "--prompt", "a fish", "-o", "out")
    assert finished.code == 2
    assert "give another --prompt" in finished.stderr


@pytest.mark.slow
def test_layers_of_a_dual_encoder_need_no_prompt(camcli: Camcli) -> None:
    finished = camcli("layers", "open_clip:RN50", "visual.layer?")
    assert finished.code == 0, finished.stderr
    last = finished.stdout.splitlines()[-1]
    assert "visual.layer4" in last
    assert "2048 maps of 7x7 (NCHW)  <- default" in last
