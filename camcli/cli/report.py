"""`camcli report`: a page to look at runs."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from camcli.cli.console import say
from camcli.cli.opening import open_result


def report(
    runs: list[Path] = typer.Argument(
        ..., metavar="RUN...", help="Output folders, or frozen runs; several stand side by side."
    ),
    output: Path = typer.Option(Path("report"), "--output", "-o", help="Folder of the page."),
    truth: str | None = typer.Option(
        None,
        "--truth",
        metavar="folder|FILE.csv",
        help="The true classes: the images' folders, or a file with columns image and class.",
    ),
    side: int = typer.Option(
        640, "--side", min=0, help="Longest side of the originals in the viewer; 0 leaves them out."
    ),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Show no progress."),
    open_: bool = typer.Option(False, "--open", help="Open the page once it is made."),
) -> None:
    """Make a static page of one or several runs: thumbnails, filters, sorting and a viewer.

    Open index.html from the disk or any web server; it needs no network. Making it again keeps the
    pictures that have not changed. Exit code 2: a run cannot be read, or the folder holds something
    else.
    """
    from tqdm import tqdm

    from camcli.comparison.compare import kinds_of
    from camcli.gallery.build import build_gallery
    from camcli.gallery.source import read_runs
    from camcli.gallery.truth import StatedTruth, read_truth

    shown = read_runs(runs)
    kinds = {kind for run in shown for kind in kinds_of(run.entries)}
    if len(kinds) > 1:
        say(
            f"the values of the runs' maps mean different things ({'; '.join(sorted(kinds))}): no "
            "differences between these are shown"
        )
    stated = read_truth(truth, shown) if truth else StatedTruth({})
    with tqdm(unit="image", file=sys.stderr, disable=quiet or None) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        made = build_gallery(shown, output, stated.by_image, side, show)
    for line in (*stated.told, *made.lines()):
        say(line)
    if open_:
        open_result(made.page)
    elif not quiet:
        say(f"open {made.page}")
