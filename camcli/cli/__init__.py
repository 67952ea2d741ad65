"""The command line: options and exit codes, nothing else. One file per command.

Nothing heavy is imported before a command needs it, so that `camcli --help` answers at once.
"""

from __future__ import annotations

import io
import sys
import warnings
from functools import partial
from typing import Any, TextIO

import typer

from camcli.cli import (
    bench,
    config,
    diff,
    doctor,
    evaluate,
    explain,
    export,
    layers,
    merge,
    methods,
    models,
    report,
    verify,
)
from camcli.cli.command import Command
from camcli.cli.console import say
from camcli.cli.help import epilog
from camcli.cli.unknown_option import advice
from camcli.cli.version import version_lines
from camcli.errors import CamcliError, CamcliWarning, MachineError

_usual_show_warning = warnings.showwarning

app = typer.Typer(
    name="camcli",
    help="Batch saliency maps for image networks: exact LIFT-CAM and its family.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_COMMANDS = (
    explain.explain,
    merge.merge,
    verify.verify,
    export.export,
    diff.diff,
    report.report,
    evaluate.evaluate,
    bench.bench,
    layers.layers,
    models.models,
    methods.methods,
    doctor.doctor,
)
for _command in _COMMANDS:
    _name = _command.__name__
    app.command(name=_name, cls=Command, epilog=epilog(_name))(_command)
app.add_typer(config.app, name="config")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo("\n".join(version_lines()))
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", "-V", callback=_show_version, is_eager=True, help="Print the versions."
    ),
) -> None:
    pass


def _show_warning(
    shown: set[str],
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show our own warnings as one line, once; whatever else warns does so in Python's way.

    A network that is looked at again, as for each method of an evaluation, warns again.
    """
    if issubclass(category, CamcliWarning):
        if str(message) not in shown:
            say(f"camcli: warning: {message}")
        shown.add(str(message))
    else:
        _usual_show_warning(message, category, filename, lineno, file, line)


# ClickException of the click that Typer uses: the package in some versions, a copy in others.
_UsageError: type[Any] = typer.BadParameter.__mro__[2]


def main() -> None:
    """Run the command line; turn a user's mistake, or the machine's, into a message and a code."""
    warnings.showwarning = partial(_show_warning, set())
    sys.exit(_exit_code())


def _exit_code() -> int:
    try:
        return app(prog_name="camcli", standalone_mode=False) or 0
    except CamcliError as error:
        say(f"camcli: {error}")
        return 2
    except MachineError as error:
        say(f"camcli: {error}")
        return 74
    except OSError as error:
        # A full disk can also refuse what no stage expects to write; what is written is whole.
        say(f"camcli: stopped by the machine: {error}; make room, then go on with --resume")
        return 74
    except _UsageError as error:
        if hasattr(error, "possibilities") and error.ctx is not None:  # no such option
            commands = error.ctx.find_root().command.commands.values()
            error.message += advice(error.option_name, error.ctx.command, commands)
            error.possibilities = None
        text = io.StringIO()
        error.show(file=text)
        say(text.getvalue().rstrip())
        return int(error.exit_code)
    except typer.Abort:
        return 130
