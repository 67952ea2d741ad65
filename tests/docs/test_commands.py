"""What the pages show works as it stands, and what needs more than camcli carries is listed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import typer

from camcli.cli import app
from tests.cli.conftest import Camcli, camcli  # noqa: F401
from tests.docs.commands import ROOT, commands

COMMANDS = commands()
OTHER_NETWORK = "weights that have to be downloaded, or are the reader's"
NOT_RUN = {
    "-m": OTHER_NETWORK,
    "configs/lift_cam_resnet50.yaml": OTHER_NETWORK,
    "configs/clip_rn50_decom_cam.yaml": OTHER_NETWORK,
    "auto": "an array of jobs that gives the shard its number",
    "output.font=NotoSansCJK-Regular.ttc": "a font of the reader's",
    "vit_b_16": "a second to trace",
    "parquet": "a package that camcli does not need",
}
"""Words of commands that need what is not here; a `-m demo` does not."""


def _reason(arguments: list[str]) -> str | None:
    own = {"demo", "demo-clip"} & set(arguments)
    return next((NOT_RUN[word] for word in arguments if word in NOT_RUN and not own), None)


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


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder with what the pages speak of: images and configurations."""
    sample = min((ROOT / "sample_images").iterdir())
    for name in ("photos", "sample_images"):
        (tmp_path / name / "tree").mkdir(parents=True)
        shutil.copy(sample, tmp_path / name / "tree" / "a.jpg")
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    (tmp_path / "maps.yaml").write_text("run: {device: cpu}\n")
    return tmp_path


def _as_run(arguments: list[str]) -> list[str]:
    """Return a command as it stands; a run into `out` is only tried, so that one remains there."""
    tried = arguments[0] == "explain" and "-o" not in arguments
    return [*arguments, "-o", "elsewhere", "--dry-run"] if tried else arguments


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
        if arguments[0] == "merge":
            for number in (1, 2, 3):
                camcli("explain", "photos/", "-o", "out", "--shard", f"{number}/4", "-q")
        for run in {"lift_cam", "grad_cam"} & set(arguments):
            shutil.copytree(place / "out", place / run)
        finished = camcli(*_as_run(arguments), stdin=b"photos/tree/a.jpg\0")
        if finished.code:
            failed[line] = finished.stderr
    assert not failed
