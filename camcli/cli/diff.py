"""`camcli diff`: how the maps of two runs differ, and whether that passes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from camcli.cli.console import say
from camcli.cli.opening import open_result
from camcli.errors import CamcliError
from camcli.system.wording import counted_as

if TYPE_CHECKING:
    from camcli.comparison.compare import Comparison
    from camcli.comparison.gate import Gate


def diff(
    golden: Path = typer.Argument(
        ..., metavar="GOLDEN", help="The run to hold against: an output folder, or a frozen run."
    ),
    new: Path = typer.Argument(
        ..., metavar="NEW", help="The run to judge; with --freeze, the .npz file to write."
    ),
    freeze: bool = typer.Option(
        False, "--freeze", help="Write the run in GOLDEN as one small file, NEW, and stop."
    ),
    under: list[str] = typer.Option(
        [],
        "--fail-under",
        metavar="MEASURE=VALUE",
        help="Fail where cosine, spearman or ssim is lower. Repeatable.",
    ),
    over: list[str] = typer.Option(
        [],
        "--fail-over",
        metavar="MEASURE=VALUE",
        help="Fail where peak_shift, or the change of score, probability or completeness_error, "
        "is higher. Repeatable.",
    ),
    events: list[str] = typer.Option(
        [],
        "--fail-on",
        metavar="EVENT",
        help="Fail on target-changed, status-changed, image-changed, crop-changed, missing or "
        "new. Repeatable.",
    ),
    worst: int = typer.Option(10, "--worst", min=0, help="How many rows to show, worst first."),
    json: bool = typer.Option(False, "--json", help="Print everything as JSON on stdout."),
    markdown: Path | None = typer.Option(
        None, "--markdown", help="Write the tables to this file, for a pull request."
    ),
    junit: Path | None = typer.Option(
        None, "--junit", help="Write a JUnit XML file, for a CI server."
    ),
    report: Path | None = typer.Option(
        None, "--report", help="Write a page of both runs, side by side, to this folder."
    ),
    open_: bool = typer.Option(False, "--open", help="Open the page of --report."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Show no table."),
) -> None:
    """Compare the maps of two runs, image by image and target by target.

    Maps of different sizes are compared at the smaller one. Exit codes: 0 passed, or nothing was to
    be held; 1 a limit is broken, or an event happened that --fail-on names; 2 a run cannot be read.
    """
    if open_ and report is None:
        raise CamcliError("--open opens the page of --report, and none is asked for")
    if freeze:
        given = {"--fail-under": under, "--fail-over": over, "--fail-on": events, "--json": json}
        given |= {"--markdown": markdown, "--junit": junit, "--report": report}
        _refuse_beside_freeze([option for option, value in given.items() if value])
        _freeze(golden, new)
        return
    from camcli.comparison.compare import compare, read_side
    from camcli.comparison.gate import gate_from
    from camcli.comparison.settings import settings_apart

    gate = gate_from(under, over, events)
    sides = read_side(golden), read_side(new)
    comparison = compare(*sides, settings_apart(golden, new, *sides))
    _write(comparison, gate, worst, markdown, junit)
    if report is not None:
        _write_page(golden, new, report, open_)
    _show(comparison, gate, worst, json, quiet)
    raise typer.Exit(1 if next(gate.failures(comparison), None) else 0)


def _refuse_beside_freeze(options: Sequence[str]) -> None:
    if options:
        raise CamcliError(
            f"--freeze writes a run as a file and compares nothing: leave out {', '.join(options)}"
        )


def _freeze(run: Path, file: Path) -> None:
    from camcli.comparison import frozen
    from camcli.comparison.compare import read_side

    if file.suffix != ".npz":
        raise CamcliError(f"--freeze writes an .npz file, not {str(file)!r}")
    entries = read_side(run)
    frozen.freeze(entries, file)
    say(f"{counted_as(len(entries), 'row')}, {file.stat().st_size / 1000:.0f} kB -> {file}")


def _write(
    comparison: Comparison, gate: Gate, worst: int, markdown: Path | None, junit: Path | None
) -> None:
    from camcli.comparison.report import junit as junit_report
    from camcli.comparison.report import markdown as markdown_report
    from camcli.output.atomic import write_bytes

    if markdown is not None:
        text = markdown_report.markdown(comparison, gate, worst)
        write_bytes(markdown, text.encode())
    if junit is not None:
        write_bytes(junit, junit_report.junit(comparison, gate))


def _write_page(golden: Path, new: Path, folder: Path, opened: bool) -> None:
    from camcli.gallery.build import build_gallery
    from camcli.gallery.source import read_runs

    made = build_gallery(read_runs([golden, new]), folder)
    for line in made.lines():
        say(line)
    if opened:
        open_result(made.page, "sort=changed")
    else:
        say(f"open {made.page}#sort=changed")


def _show(comparison: Comparison, gate: Gate, worst: int, json: bool, quiet: bool) -> None:
    from camcli.comparison.report.summary import counted, verdict

    if json:
        from json import dumps

        from camcli.comparison.report.document import document_of

        typer.echo(dumps(document_of(comparison, gate).to_json(), ensure_ascii=False))
    elif not quiet:
        from rich.console import Console

        from camcli.comparison.report.terminal import print_comparison

        print_comparison(comparison, gate, worst, Console())
    for line in comparison.settings:
        say(line)
    say(f"{counted(comparison)}: {verdict(comparison, gate)}")
    for difference, complaints in islice(gate.failures(comparison), 1):
        target = f" ({difference.about})" if difference.about else ""
        say(f"the worst: {difference.image}{target}: {'; '.join(complaints)}")
