"""`camcli export`: a run in the format of another tool."""

from __future__ import annotations

from pathlib import Path

import typer

from camcli.cli.console import say
from camcli.errors import CamcliError, suggest
from camcli.system.wording import counted_as


def export(
    run: Path = typer.Argument(..., metavar="RUN", help="An output folder."),
    to: str = typer.Option(..., "--to", metavar="FORMAT", help="csv, parquet or coco."),
    output: Path | None = typer.Option(
        None, "--output", "-o", help="The file to write; by default RUN with the format's suffix."
    ),
    threshold: float | None = typer.Option(
        None,
        "--threshold",
        help="Of coco: propose the region above this fraction of a map's highest value.  [0.5]",
    ),
) -> None:
    """Write the rows of a run as CSV or Parquet, or where its maps are high as COCO annotations.

    Exit codes: 0 written; 2 the run cannot be read, or the format or what it needs is missing.
    """
    from camcli.comparison.compare import read_side
    from camcli.export.formats import FORMATS, THRESHOLD

    if to not in FORMATS:
        raise CamcliError(f"--to takes {', '.join(FORMATS)}, not {to!r}{suggest(to, FORMATS)}")
    if threshold is not None and to != "coco":
        raise CamcliError(f"--threshold belongs to --to coco; {to} has every row as it is")
    if threshold is not None and not 0 < threshold <= 1:
        raise CamcliError(f"--threshold is a fraction above 0, up to 1, not {threshold:g}")
    chosen = FORMATS[to]
    path = output or run.with_name(f"{run.resolve().name}{chosen.suffix}")
    if path.is_dir():
        raise CamcliError(f"{path} is a folder: name a file with -o")
    written = chosen.write(read_side(run), path, THRESHOLD if threshold is None else threshold)
    if not written:
        say(f"no row of {run} has a map: explain again with --save maps")
    say(f"{counted_as(written, chosen.thing)} -> {path}")
