"""`camcli export`: a run in the format of another tool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from camcli.cli.console import say
from camcli.errors import CamcliError, suggest
from camcli.system.wording import counted_as

if TYPE_CHECKING:
    from camcli.comparison.entry import Entry


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
    method: str | None = typer.Option(
        None, "--method", help="Only the rows of this method, of a run that has several."
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
    entries = _of_method(read_side(run), method, needs_one=to == "coco")
    written = chosen.write(entries, path, THRESHOLD if threshold is None else threshold)
    for line in written.lines(chosen.thing):
        say(line)
    say(f"{counted_as(written.count, chosen.thing)} -> {path}")


def _of_method(entries: list[Entry], word: str | None, needs_one: bool) -> list[Entry]:
    """Return the rows of one method, or all of them where none is named."""
    from camcli.comparison.entry import methods_of
    from camcli.methods import canonical_name

    methods = methods_of(entries)
    listed = ", ".join(methods)
    if word is None:
        if needs_one and len(methods) > 1:
            raise CamcliError(
                f"the run has the maps of {len(methods)} methods, and each would propose regions "
                f"of its own for the same objects: choose one with --method ({listed})"
            )
        return entries
    if canonical_name(word) not in methods:
        raise CamcliError(
            f"--method takes a method of the run ({listed}), not {word!r}{suggest(word, methods)}"
        )
    return [entry for entry in entries if entry.method == canonical_name(word)]


def _require_free(path: Path, for_folder: bool) -> None:
    """Refuse to write a file where a folder is, or a folder where there is something."""
    if not for_folder and path.is_dir():
        raise CamcliError(f"{path} is a folder: name a file with -o")
    if for_folder and path.exists() and not (path.is_dir() and next(path.iterdir(), None) is None):
        raise CamcliError(f"{path} exists: remove it, or name another folder with -o")
