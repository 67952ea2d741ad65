"""The other commands, and what is true of all of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from camcli.methods import METHOD_NAMES
from tests.cli.conftest import Camcli

README = Path(__file__).resolve().parents[2] / "README.md"


def test_help_does_not_import_torch() -> None:
    code = (
        "import sys; sys.argv = ['camcli', '--help']\n"
        "from camcli.cli import main\n"
        "try: main()\n"
        "except SystemExit as stop: assert not stop.code\n"
        "heavy = {'torch', 'torchvision', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_every_command_is_in_the_readme(camcli: Camcli) -> None:
    from typer.main import get_command

    from camcli.cli import app

    text = README.read_text(encoding="utf-8")
    for name in get_command(app).commands:  # type: ignore[attr-defined]
        assert f"camcli {name}" in text, name


def test_config_show_prints_the_resolved_configuration(camcli: Camcli) -> None:
    finished = camcli("config", "show", "--set", "run.seed=7")
    assert finished.code == 0
    assert yaml.safe_load(finished.stdout)["run"]["seed"] == 7


def test_config_schema_prints_json(camcli: Camcli) -> None:
    schema = json.loads(camcli("config", "schema").stdout)
    assert {"model", "method", "targets", "output"} <= set(schema["properties"])


def test_config_init_writes_what_config_show_reads(camcli: Camcli) -> None:
    assert camcli("config", "init", "mine.yaml").code == 0
    shown = camcli("config", "show", "-c", "mine.yaml")
    assert shown.stdout == camcli("config", "show").stdout
    again = camcli("config", "init", "mine.yaml")
    assert again.code == 2
    assert "--force" in again.stderr
    assert camcli("config", "init", "mine.yaml", "--force").code == 0


def test_methods_are_listed_and_described(camcli: Camcli) -> None:
    listed = camcli("methods").stdout
    for name in METHOD_NAMES:
        assert name in listed
        described = camcli("methods", name)
        assert described.code == 0
        assert "map = " in described.stdout, "the formula"
    assert camcli("methods", "lift").code == 2


@pytest.mark.parametrize("arguments", [["--version"], ["explain", "--help"], ["config", "--help"]])
def test_commands_that_only_print_exit_0(camcli: Camcli, arguments: list[str]) -> None:
    finished = camcli(*arguments)
    assert finished.code == 0
    assert finished.stdout
