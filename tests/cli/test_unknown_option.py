"""An option that a command does not have is answered with what was probably meant."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Camcli


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "advice"),
    [
        ("explain x --normalize max", "a key of the configuration: --set output.normalize=VALUE"),
        ("explain x --normalise max", "did you mean --set output.normalize=VALUE?"),
        ("explain x --colourmap jet", "did you mean --colormap?"),
        ("explain x --batch_size 3", "did you mean --batch-size?"),
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
