"""`camcli export`: a run in the format of another tool."""

from __future__ import annotations

from pathlib import Path

import typer

from camcli.cli.console import say
from camcli.errors import CamcliError, suggest
from camcli.system.wording import counted_as


def export(
    run: Path = typer.Argument(..., metavar="RUN", help="An output folder."),
    to: str = typer.Option(..., "--to", metavar="FORMAT", help="csv, parquet, coco or fiftyone."),
    output: Path | None = typer.Option(
        None,
        "--output",
        "-o",
        help="The file to write, a folder of fiftyone; by default RUN with the format's suffix.",
    ),
    threshold: float | None = typer.Option(
        None,
        "--threshold",
        help="Of coco: propose the region above this fraction of a map's highest value.  [0.5]",
    ),
) -> None:
    """Write a run for other tools: its rows as a table, or its maps as regions or heatmaps.

    csv and parquet have the rows; coco has an annotation where a map is high; fiftyone is the
    folder of a dataset that FiftyOne loads, with images, classes and maps.

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
    _require_free(path, chosen.writes_folder)
    written = chosen.write(read_side(run), path, THRESHOLD if threshold is None else threshold)
    for line in written.lines(chosen.thing):
        say(line)
    say(f"{counted_as(written.count, chosen.thing)} -> {path}")


def _require_free(path: Path, for_folder: bool) -> None:
    """Refuse to write a file where a folder is, or a folder where there is something."""
    if not for_folder and path.is_dir():
        raise CamcliError(f"{path} is a folder: name a file with -o")
    if for_folder and path.exists() and not (path.is_dir() and next(path.iterdir(), None) is None):
        raise CamcliError(f"{path} exists: remove it, or name another folder with -o")
