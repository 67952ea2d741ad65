"""An option that a command does not have is answered with what was probably meant."""

from __future__ import annotations

import pytest
from typer.main import get_group

from camcli.cli import app
from camcli.cli.habits import HABITS
from camcli.config import config_keys
from tests.cli.conftest import Camcli


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "advice"),
    [
        ("explain x --normalize max", "a key of the configuration: --set output.normalize=VALUE"),
        ("explain x --normalise max", "did you mean --set output.normalize=VALUE?"),
        ("explain x --colourmap jet", "did you mean --colormap?"),
        ("explain x --batch_size 3", "--batch_size; did you mean --batch-size?"),
        ("explain x --cpu", "did you mean --device cpu?"),
        ("explain x --bs 3", "did you mean --batch-size N?"),
        ("explain x --out_dir y", "did you mean --output DIR?"),
        ("explain x --weights y", "did you mean --checkpoint FILE?"),
        ("explain x --img-size 3", "did you mean --set preprocess.crop=N?"),
        ("explain x --lr 3", "camcli explains networks and trains none"),
        ("explain x --images y", "the images are named without an option"),
        ("explain x --gt y", "--truth PATH belongs to camcli report, camcli evaluate"),
        ("verify x --gpu", "--device cuda belongs to camcli explain"),
        ("explain x --lay a", "did you mean --layer?"),
        ("explain x --methods a", "belongs to camcli evaluate; did you mean --method?"),
        ("explain x --truth y", "belongs to camcli report, camcli evaluate"),
        ("evaluate x --save maps", "a key of the configuration: --set output.save=VALUE"),
        ("verify x --resume", "belongs to camcli explain, camcli evaluate"),
        ("layers demo --batch-size 3", "--set run.batch_size=VALUE"),
    ],
)
def test_an_unknown_option_suggests_the_right_one(
    camcli: Camcli, command: str, advice: str
) -> None:
    finished = camcli(*command.split())
    assert finished.code == 2
    last = finished.stderr.splitlines()[-1]
    assert f"No such option: {command.split()[2]}" in last
    assert advice in last


def test_what_resembles_nothing_gets_no_advice(camcli: Camcli) -> None:
    assert camcli("explain", "x", "--zzz").stderr.splitlines()[-1] == "Error: No such option: --zzz"


@pytest.mark.parametrize(
    "command",
    [
        "explain x --layer --method lift-cam",
        "explain x -o -q",
        "evaluate x --methods --truth y",
        "layers -m --json",
    ],
)
def test_an_option_is_not_taken_for_the_value_of_another(camcli: Camcli, command: str) -> None:
    *_, option, following = [word for word in command.split() if word.startswith("-")]
    finished = camcli(*command.split())
    assert finished.code == 2
    assert f"needs a value, and {following} behind it is an option" in finished.stderr
    assert option in finished.stderr


def test_behind_two_hyphens_everything_is_an_input(camcli: Camcli) -> None:
    assert "no such file or folder: '--layer'" in camcli("explain", "--", "--layer", "-q").stderr


def test_what_other_programs_call_their_options_leads_to_options_that_there_are() -> None:
    commands = get_group(app).commands.values()
    ours = {name for each in commands for option in each.params for name in option.opts} | {
        "--help"
    }
    assert ours.issuperset(has.split()[0] for has in HABITS.values() if has.startswith("--"))
    assert not {name for name in HABITS if f"--{name}" in ours}
    keys = {has.split()[1].partition("=")[0] for has in HABITS.values() if "--set" in has}
    assert {".".join(key.split(".")[:2]) for key in keys} <= {*config_keys()}
