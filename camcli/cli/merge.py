"""`camcli merge`: join the shards in a folder into one run."""

from __future__ import annotations

import json as jsonlib
from dataclasses import asdict
from pathlib import Path

import typer

from camcli.cli.console import say
from camcli.system.wording import counted_as


def merge(
    folder: Path = typer.Argument(..., metavar="DIR", help="The shards' output folder."),
    json: bool = typer.Option(False, "--json", help="Print how much was joined as JSON on stdout."),
) -> None:
    """Join the manifests and records of all shards, in the order of the images.

    The result is what a single run over all images would have written. Exit codes: 0 joined; 2
    shards are missing, unfinished, still running, or do not belong together.
    """
    from camcli.output.merge import merge_shards

    merged = merge_shards(folder)
    if json:
        typer.echo(jsonlib.dumps(asdict(merged), indent=2))
    shards, images = counted_as(merged.shards, "shard"), counted_as(merged.images, "image")
    say(f"joined {shards}: {images} -> {folder}")
