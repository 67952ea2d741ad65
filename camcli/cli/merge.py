"""`camcli merge`: make one run of the shards in a folder."""

from __future__ import annotations

from pathlib import Path

import typer

from camcli.cli.console import say


def merge(
    folder: Path = typer.Argument(..., metavar="DIR", help="The shards' output folder."),
) -> None:
    """Join the manifests and records of all shards, in the order of the images.

    What is left is what one run over everything would have made. Exit codes: 0 joined; 2 shards
    are missing, unfinished, at work, or do not belong together.
    """
    from camcli.output.merge import merge_shards

    merged = merge_shards(folder)
    say(f"joined {merged.shards} shards: {merged.images} images -> {folder}")
