"""`camcli merge`: join the shards in a folder into one run."""

from __future__ import annotations

from pathlib import Path

import typer

from camcli.cli.console import say
from camcli.system.wording import counted_as


def merge(
    folder: Path = typer.Argument(..., metavar="DIR", help="The shards' output folder."),
) -> None:
    """Join the manifests and records of all shards, in the order of the images.

    The result is what a single run over all images would have written. Exit codes: 0 joined; 2
    shards are missing, unfinished, still running, or do not belong together.
    """
    from camcli.output.merge import merge_shards

    merged = merge_shards(folder)
    shards, images = counted_as(merged.shards, "shard"), counted_as(merged.images, "image")
    say(f"joined {shards}: {images} -> {folder}")
