"""Help groups options by what they are about, and its examples are commands."""

from __future__ import annotations

import shlex

import pytest
import typer

from camcli.cli import app
from camcli.cli.help import EXAMPLES
from tests.cli.conftest import Camcli

GROUP = typer.main.get_command(app)
LINES = [line for lines in EXAMPLES.values() for line in lines]


def test_options_stand_under_what_they_are_about(camcli: Camcli) -> None:
    shown = camcli("explain", "--help").stdout
    headings = [line for line in shown.splitlines() if line.endswith(":") and line[0] != " "]
    assert headings == [
        "Arguments:", "Options:", "Network:", "Method and targets:", "Speed and device:",
        "What is written:", "Configuration:",
    ]  # fmt: skip
    network = shown.split("Network:")[1].split("Method and targets:")[0]
    assert [line.split()[0] for line in network.splitlines() if line[:3] == "  -"] == [
        "-m,", "--checkpoint", "--checkpoint-key", "--strip-prefix", "--adapter", "--layer",
    ]  # fmt: skip
    method = shown.split("Method and targets:")[1].split("Speed and device:")[0]
    assert {"--method", "--option", "--target"} <= set(method.split())
    assert "Configuration:" not in camcli("config", "show", "--help").stdout


def test_every_option_is_in_the_help_once(camcli: Camcli) -> None:
    for name, command in GROUP.commands.items():  # type: ignore[attr-defined]
        shown = camcli(name, "--help").stdout.partition("Examples:")[0]
        terms = [line for line in shown.splitlines() if line.startswith("  -")]
        options = [each for each in getattr(command, "params", []) if each.opts[0][0] == "-"]
        if not hasattr(command, "commands"):
            assert len(terms) == len(options) + 1, name  # and --help


def test_every_command_has_examples(camcli: Camcli) -> None:
    assert EXAMPLES.keys() == GROUP.commands.keys() - {"config"}  # type: ignore[attr-defined]
    for name, lines in EXAMPLES.items():
        shown = camcli(name, "--help").stdout
        assert all(f"  {line}\n" in shown for line in lines)


@pytest.mark.parametrize("line", LINES)
def test_an_example_has_only_options_that_there_are(line: str) -> None:
    _, name, *arguments = shlex.split(line)
    command = GROUP.commands[name]  # type: ignore[attr-defined]
    with command.make_context(name, arguments) as context:
        assert context.params
