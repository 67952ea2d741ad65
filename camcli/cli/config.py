"""`camcli config`: show, describe and start configurations."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from camcli.cli import options
from camcli.cli.command import Command
from camcli.config import Config, dump_config
from camcli.errors import OutputError

app = typer.Typer(help="Show, describe and start configurations.", no_args_is_help=True)

_TEMPLATE = """\
# A camcli configuration. Every key may be left out; flags and --set override this file.
# `camcli config schema` describes all of them, `camcli methods` the methods.
"""


@app.command(cls=Command)
def show(
    config: options.ConfigFile = None,
    overrides: options.Overrides = [],
    isolated: options.Isolated = False,
) -> None:
    """Print the configuration that a run would use, as YAML."""
    flags = options.Flags(overrides=overrides, isolated=isolated)
    typer.echo(dump_config(flags.over(config)), nl=False)


@app.command(cls=Command)
def schema() -> None:
    """Print the JSON schema of a configuration."""
    typer.echo(json.dumps(Config.model_json_schema(), indent=2))


@app.command(cls=Command)
def init(
    path: Path = typer.Argument(Path("camcli.yaml"), help="The file to write."),
    force: bool = typer.Option(False, "--force", help="Replace a file that exists."),
) -> None:
    """Write a configuration with all defaults, ready for editing."""
    try:
        if path.exists() and not force:
            raise OutputError(f"{path} exists: give --force to replace it, or another name")
        path.write_text(_TEMPLATE + dump_config(Config()), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error}") from None
    typer.echo(f"wrote {path}", err=True)
