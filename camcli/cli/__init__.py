"""The command line: options and exit codes, nothing else. One file per command.

Nothing heavy is imported before a command needs it, so that `camcli --help` answers at once.
"""

from __future__ import annotations

import sys

import typer

from camcli import __version__
from camcli.cli import config, explain, methods
from camcli.errors import CamcliError

app = typer.Typer(
    name="camcli",
    help="Batch saliency maps for image networks: exact LIFT-CAM and its family.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command(name="explain")(explain.explain)
app.command(name="methods")(methods.methods)
app.add_typer(config.app, name="config")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"camcli {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Print the version."
    ),
) -> None:
    pass


def main() -> None:
    """Run the command line, and turn a user's mistake into one message and exit code 2."""
    try:
        app()
    except CamcliError as error:
        typer.echo(f"camcli: {error}", err=True)
        sys.exit(2)
