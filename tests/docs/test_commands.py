"""What the pages show works as it stands, and what needs more than camcli carries is listed."""

from __future__ import annotations

import shutil
from dataclasses import fields
from pathlib import Path

import pytest
import typer

from camcli.cli import app
from camcli.cli.options import Flags
from camcli.errors import ConfigError
from tests.cli.conftest import Camcli, camcli  # noqa: F401
from tests.docs.commands import ROOT, commands

COMMANDS = commands()
FONT = "output.font=NotoSansCJK-Regular.ttc"
OTHER_NETWORK = "weights that have to be downloaded, or are the reader's"
PLUGIN = "a plug-in, which the tests of plug-ins install"
NOT_RUN = {
    "-m": OTHER_NETWORK,
    "configs/lift_cam_resnet50.yaml": OTHER_NETWORK,
    "configs/clip_rn50_decom_cam.yaml": OTHER_NETWORK,
    "auto": "an array of jobs that gives the shard its number",
    FONT: "a font of the reader's",
    "hf:./my-vit": OTHER_NETWORK,
    "vit_b_16": "a second to trace",
    "peak-cam": PLUGIN,
    "peak-cam,grad-cam": PLUGIN,
    "example:*": PLUGIN,
    "parquet": "a package that camcli does not need",
}
"""Words of commands that need what is not here; a `-m demo` does not."""


def _reason(arguments: list[str]) -> str | None:
    own = {"demo", "demo-clip"} & set(arguments)
    return next((NOT_RUN[word] for word in arguments if word in NOT_RUN and not own), None)


# Whether a run with these settings works is known from other tests; here, that they are settings.
RESOLVED = [
    line for line, (name, *rest) in COMMANDS.items() if name == "explain" and "-o" not in rest
]
RUN = {line: arguments for line, arguments in COMMANDS.items() if _reason(arguments) is None}


def test_the_pages_show_commands() -> None:
    shown = {arguments[0] for arguments in COMMANDS.values()}
    assert shown >= {"explain", "evaluate", "layers", "diff", "report", "export", "merge", "verify"}
    assert len(RUN) > len(COMMANDS) / 2
    for word in NOT_RUN:
        assert any(word in arguments for arguments in COMMANDS.values()), word


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_pages_has_only_options_that_there_are(line: str) -> None:
    name, *arguments = COMMANDS[line]
    group = typer.main.get_command(app)
    command = group.commands[name]  # type: ignore[attr-defined]
    with command.make_context(name, list(arguments)) as context:
        assert context.params


@pytest.mark.parametrize("line", RESOLVED)
def test_a_command_of_the_pages_has_only_values_that_its_options_take(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    _, *arguments = COMMANDS[line]
    command = typer.main.get_command(app).commands["explain"]  # type: ignore[attr-defined]
    with command.make_context("explain", list(arguments)) as context:
        given = context.params
    flags = Flags(**{each.name: given[each.name] for each in fields(Flags)})
    if _reason(arguments) == NOT_RUN[FONT]:
        with pytest.raises(ConfigError, match="there is no such file"):
            flags.over(given["config"])
    else:
        assert flags.over(given["config"]).run.executor == "local"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder with what the pages speak of: images and configurations."""
    sample = min((ROOT / "sample_images").iterdir())
    for name in ("photos", "sample_images"):
        (tmp_path / name / "tree").mkdir(parents=True)
        shutil.copy(sample, tmp_path / name / "tree" / "a.jpg")
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    shutil.make_archive(str(tmp_path / "photos"), "tar", tmp_path / "photos")
    (tmp_path / "maps.yaml").write_text("run: {device: cpu}\n")
    return tmp_path


@pytest.mark.slow
def test_the_commands_of_the_pages_run_as_they_stand(
    camcli: Camcli,  # noqa: F811
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    failed = {}
    for line, arguments in RUN.items():
        if line in RESOLVED:
            continue
        if arguments[0] == "merge":
            for number in (1, 2, 3):
                camcli("explain", "photos/", "-o", "out", "--shard", f"{number}/4", "-q")
        for run in {"lift_cam", "grad_cam"} & set(arguments):
            shutil.copytree(place / "out", place / run)
        finished = camcli(*arguments)
        if finished.code:
            failed[line] = finished.stderr
    assert not failed
