"""`camcli bench`: where the time of an image goes, against merely predicting it."""

from __future__ import annotations

import json as jsonlib
from typing import Annotated

import typer

from camcli.cli import options
from camcli.cli.console import say, silent
from camcli.config import Config

_CompileFirst = Annotated[
    bool | None,
    typer.Option("--compile/--no-compile", help="Default: compile first, then measure."),
]


@options.takes_flags(compile=_CompileFirst)
def bench(
    *,
    inputs: list[str] = typer.Argument(
        None,
        metavar="[INPUT]...",
        help="Files, folders or globs; by default, the sample images.",
    ),
    config: options.ConfigFile = None,
    flags: options.Flags,
    limit: int = typer.Option(256, "--limit", min=1, help="Images per round, at most."),
    rounds: int = typer.Option(
        3, "--rounds", min=1, help="How often to explain and predict, alternating."
    ),
    json: bool = typer.Option(False, "--json", help="Print JSON on stdout."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Print no progress messages."),
) -> None:
    """Measure where the time of an image goes, against merely decoding and predicting it.

    Every stage is timed by itself on one batch. Then whole runs, from files to files in a
    temporary folder, alternate with a loop that decodes and predicts the same images with the
    same network, batches and threads.
    """
    resolved = _settled(flags.over(config))
    from camcli.profiling.images import images_to_measure
    from camcli.profiling.measure import measure
    from camcli.profiling.report import as_json, as_text
    from camcli.run.build import build
    from camcli.run.unused import unused_by

    with images_to_measure(inputs or [], limit) as refs:
        built = build(resolved, len(refs), silent if quiet else say)
        for line in unused_by(built):
            say(line)
        measured = measure(refs, built, rounds)
    if json:
        typer.echo(jsonlib.dumps(as_json(built, measured), indent=2))
    else:
        typer.echo(as_text(built, measured))


def _settled(config: Config) -> Config:
    """Compile before anything is timed, where a run would decide as it goes."""
    if config.run.compile != "auto":
        return config
    return config.model_copy(update={"run": config.run.model_copy(update={"compile": True})})
