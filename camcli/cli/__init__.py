"""The command line: options and exit codes, nothing else. One file per command.

Nothing heavy is imported before a command needs it, so that `camcli --help` answers at once.
"""

from __future__ import annotations

import io
import sys
from typing import Any

import typer

from camcli import __version__
from camcli.cli import config, explain, merge, methods, verify
from camcli.cli.console import say
from camcli.errors import CamcliError, MachineError

app = typer.Typer(
    name="camcli",
    help="Batch saliency maps for image networks: exact LIFT-CAM and its family.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command(name="explain")(explain.explain)
app.command(name="merge")(merge.merge)
app.command(name="verify")(verify.verify)
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


# ClickException of the click that Typer uses: the package in some versions, a copy in others.
_UsageError: type[Any] = typer.BadParameter.__mro__[2]


def main() -> None:
    """Run the command line; turn a user's mistake, or the machine's, into a message and a code."""
    sys.exit(_exit_code())


def _exit_code() -> int:
    try:
        return app(standalone_mode=False) or 0
    except CamcliError as error:
        say(f"camcli: {error}")
        return 2
    except MachineError as error:
        say(f"camcli: {error}")
        return 74
    except _UsageError as error:
        text = io.StringIO()
        error.show(file=text)
        say(text.getvalue().rstrip())
        return int(error.exit_code)
    except typer.Abort:
        return 130
