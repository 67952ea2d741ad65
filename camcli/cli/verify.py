"""`camcli verify`: check every file of a run against its manifest."""

from __future__ import annotations

import json as jsonlib
from dataclasses import asdict
from pathlib import Path

import typer

from camcli.cli.console import say
from camcli.system.control_characters import harmless
from camcli.system.wording import counted_as


def verify(
    folder: Path = typer.Argument(..., metavar="DIR", help="An output folder."),
    delete: bool = typer.Option(
        False, "--delete-damaged", help="Delete damaged files, for --resume to write them again."
    ),
    json: bool = typer.Option(False, "--json", help="Print what was found as JSON on stdout."),
) -> None:
    """Hash every file that the manifest lists and compare.

    Rows and shards of another run than the record's count as damage, too. Exit codes: 0 all files
    are unchanged; 1 some are missing, damaged or another run's; 2 there is no manifest.
    """
    from camcli.output.verify import verify_folder

    report = verify_folder(folder)
    if json:
        typer.echo(jsonlib.dumps(asdict(report), indent=2))
    for damage in report.damages:
        if not json:
            typer.echo("\t".join(map(harmless, (damage.fault, damage.path, damage.image))))
        if delete and damage.fault == "changed":
            (folder / damage.path).unlink()
    say(
        f"{counted_as(report.files, 'file')} of {counted_as(report.rows, 'row')} checked: "
        + (f"{len(report.damages)} damaged" if report.damages else "all as they were written")
    )
    if report.damages and delete:
        say("run the same command as before with --resume to write the damaged files again")
    raise typer.Exit(1 if report.damages else 0)
