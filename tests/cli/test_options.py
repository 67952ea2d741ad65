"""Shared options are declared once, appear where a command puts them, and set their keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from camcli.cli import options
from camcli.config import load_config
from camcli.errors import MethodError, OutputError

_OneLayer = Annotated[str | None, typer.Option("--layer", help="Only one.")]


def _invoke(*arguments: str, without: tuple[str, ...] = ()) -> tuple[options.Flags, str]:
    """Run a command with the shared options between two of its own; return what it received."""
    found: list[tuple[options.Flags, str]] = []
    app = typer.Typer()

    @app.command()
    @options.takes_flags(without=without, layer=_OneLayer)
    def command(
        *,
        first: str = typer.Option("a", "--first"),
        flags: options.Flags,
        last: str = typer.Option("z", "--last"),
    ) -> None:
        found.append((flags, first + last))

    result = CliRunner().invoke(app, arguments)
    if not found:
        raise SystemExit(result.output)
    return found[0]


def test_options_that_are_not_given_leave_their_keys_to_the_file() -> None:
    flags, own = _invoke()
    assert own == "az"
    assert flags.over(None) == load_config()


def test_every_option_sets_its_key(tmp_path: Path) -> None:
    flags, own = _invoke(
        "-m", "resnet18", "--checkpoint", "w.pth", "--layer", "layer3", "--method", "grad-cam",
        "--target", "top2", "--target", "7", "-b", "4", "-j", "3", "--device", "cpu",
        "--precision", "bf16", "--no-compile", "--save", "maps", "--set", "output.alpha=0.25",
        "--last", "y", "--prompt", "a dog", "--prompts", "p.txt",
    )  # fmt: skip
    assert own == "ay"
    config = flags.over(None)
    assert (config.model.name, config.model.weights) == ("resnet18", "w.pth")
    assert config.model.layers == ("layer3",)
    assert config.method.name == "grad-cam"
    assert config.targets == ("top2", "7")
    assert (config.prompts.texts, config.prompts.file) == (("a dog",), "p.txt")
    assert (config.run.batch_size, config.run.workers) == (4, 3)
    assert (config.run.device, config.run.precision) == ("cpu", "bf16")
    assert config.run.compile is False
    assert config.output.save == ("maps",)
    assert config.output.alpha == 0.25


def test_methods_are_named_one_after_the_other_with_options_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("method: [eigen-cam, grad-cam]")
    assert [each.name for each in _invoke()[0].over(file).method.all] == ["eigen-cam", "grad-cam"]
    flags, _ = _invoke("--method", "LiftCAM", "--method", "shap_cam", "--option", "SHAPCAM.pairs=5")
    assert [(each.name, each.options) for each in flags.over(file).method.all] == [
        ("lift-cam", {}),
        ("shap-cam", {"pairs": 5}),
    ]
    assert [each.name for each in _invoke("--method", "lift-cam")[0].over(file).method.all] == [
        "lift-cam"
    ]


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("grad-cam.pairs=5", r"'grad-cam' is not among the methods that are asked for"),
        ("pairs=5", r"METHOD\.KEY=VALUE"),
        ("lift-cam.pairs", r"METHOD\.KEY=VALUE"),
        ("lift-cam", r"METHOD\.KEY=VALUE"),
    ],
)
def test_an_option_belongs_to_a_method_that_is_asked_for(option: str, told: str) -> None:
    flags, _ = _invoke("--method", "lift-cam", "--option", option)
    with pytest.raises(MethodError, match=told):
        flags.over(None)


def test_the_command_line_wins_over_set_and_set_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("run: {batch_size: 2, workers: 2, seed: 2}")
    flags, _ = _invoke("-b", "4", "--set", "run.batch_size=3", "--set", "run.workers=3")
    run = flags.over(file).run
    assert (run.batch_size, run.workers, run.seed) == (4, 3, 2)


def test_a_command_may_leave_options_out() -> None:
    flags, _ = _invoke(without=("save", "method"))
    assert flags == options.Flags(layer=None)  # type: ignore[arg-type]
    with pytest.raises(SystemExit, match="No such option"):
        _invoke("--save", "maps", without=("save",))


def test_help_lists_shared_options_in_place_with_the_commands_own_declarations() -> None:
    with pytest.raises(SystemExit) as shown:
        _invoke("--help")
    text = str(shown.value)
    names = ["--first", "--model", "--checkpoint", "--layer", "--save", "--set", "--last"]
    places = [text.index(name) for name in names]
    assert places == sorted(places)
    assert "Only one." in text
    assert "maps are averaged" not in text


def test_flags_about_the_folder_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(OutputError, match="contradict"):
        options.folder_policy(resume=True, overwrite=True)
