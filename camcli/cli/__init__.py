"""The command line: options and exit codes, nothing else. One file per command.

Nothing heavy is imported before a command needs it, so that `camcli --help` answers at once.
"""

from __future__ import annotations

import sys
import warnings
from typing import TextIO

import typer

from camcli import __version__
from camcli.cli import config, evaluate, explain, layers, methods, models
from camcli.errors import CamcliError, CamcliWarning

_usual_show_warning = warnings.showwarning

app = typer.Typer(
    name="camcli",
    help="Batch saliency maps for image networks: exact LIFT-CAM and its family.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command(name="explain")(explain.explain)
app.command(name="evaluate")(evaluate.evaluate)
app.command(name="layers")(layers.layers)
app.command(name="models")(models.models)
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


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show our own warnings as one line; whatever else warns does so in Python's way."""
    if issubclass(category, CamcliWarning):
        typer.echo(f"camcli: warning: {message}", err=True)
    else:
        _usual_show_warning(message, category, filename, lineno, file, line)


def main() -> None:
    """Run the command line, and turn a user's mistake into one message and exit code 2."""
    warnings.showwarning = _show_warning
    try:
        app()
    except CamcliError as error:
        typer.echo(f"camcli: {error}", err=True)
        sys.exit(2)
