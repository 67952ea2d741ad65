"""`camcli evaluate`: which method's maps can be trusted, measured on the user's own images."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from camcli.cli import options
from camcli.errors import CamcliError, MachineError

if TYPE_CHECKING:
    from camcli.evaluation.report.summary import Summary
    from camcli.evaluation.run import EvaluationJob
    from camcli.evaluation.setup import Question
    from camcli.run.build import BuiltRun

_BASELINES = ("zero", "blur")
_OneLayer = Annotated[
    str | None, typer.Option("--layer", help="Module path to explain at, or auto.")
]


@options.takes_flags(without=("method", "precision", "compile", "save"), layer=_OneLayer)
def evaluate(
    *,
    inputs: list[str] = typer.Argument(..., metavar="INPUT...", help="Files, folders or globs."),
    methods: str = typer.Option(
        "", "--methods", metavar="A,B,...", help="Methods to compare, or all."
    ),
    own_options: list[str] = typer.Option(
        [], "--option", metavar="METHOD.KEY=VALUE", help="A method's own option. Repeatable."
    ),
    at_most: list[str] = typer.Option(
        [], "--at-most", metavar="METHOD=N", help="A dear method, on the first N only. Repeatable."
    ),
    folders: list[Path] = typer.Option(
        [], "--from", metavar="DIR", help="Maps that `camcli explain` wrote. Repeatable."
    ),
    truth: Path | None = typer.Option(
        None, "--truth", help="COCO .json, Pascal VOC .xml or their folder, or a folder of masks."
    ),
    against: str | None = typer.Option(
        None, "--against", metavar="METHOD", help="Estimate its lead over each other method."
    ),
    steps: int = typer.Option(10, "--steps", min=2, help="Of insertion and deletion."),
    insertion: str = typer.Option("blur", "--insertion", help="Starts from: blur or zero."),
    deletion: str = typer.Option("zero", "--deletion", help="Ends at: zero or blur."),
    costs: bool = typer.Option(True, "--costs/--no-costs", help="Measure what methods cost."),
    config: options.ConfigFile = None,
    output: Path = typer.Option(Path("evaluation"), "--output", "-o", help="Output folder."),
    flags: options.Flags,
    resume: bool = typer.Option(False, "--resume", help="Go on with the evaluation in the folder."),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace what is in the folder."),
    limit: int | None = typer.Option(None, "--limit", min=1, help="Stop after N images."),
    json: bool = typer.Option(False, "--json", help="The summary as JSON on stdout."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress and no table."),
) -> None:
    """Measure how faithful and how well placed methods' maps are, and print a table.

    Writes manifest.jsonl (a row for each image), table.md, table.csv, table.json and curves.svg.
    Exit codes: 0 done; 1 some images could not be evaluated; 2 the command, configuration, model
    or input is wrong; 74 stopped by the machine (disk full), 130 interrupted, both resumable.
    """
    resolved = flags.over(config)
    from camcli.evaluation.run import EvaluationJob
    from camcli.evaluation.setup import Question
    from camcli.images.find import find_images
    from camcli.run.build import build

    listing = find_images(inputs)
    total = min(len(listing), limit or len(listing))
    question = Question(
        methods=[name.strip() for name in methods.split(",") if name.strip()],
        options=own_options,
        at_most=at_most,
        folders=folders,
        truth=truth,
        steps=steps,
        insertion=_baseline(insertion, "--insertion"),
        deletion=_baseline(deletion, "--deletion"),
        against=against,
    )
    # A trunk compiled for whole batches would not serve the views of single images.
    assembled = build(resolved, images_ahead=0)
    job = EvaluationJob(
        refs=islice(listing, total),
        folder=output,
        folder_policy=options.folder_policy(resume, overwrite),
        described=question.described(assembled),
        batch_size=assembled.batch_size,
        workers=assembled.workers,
        with_costs=costs,
        against=against,
    )
    summary, interrupted = _run(job, question, assembled, total, quiet)
    _show(summary, output, json, quiet)
    raise typer.Exit(130 if interrupted else 1 if summary.failed else 0)


def _run(
    job: EvaluationJob, question: Question, assembled: BuiltRun, total: int, quiet: bool
) -> tuple[Summary, bool]:
    from tqdm import tqdm

    from camcli.evaluation.run import run_evaluation
    from camcli.evaluation.setup import evaluator_for
    from camcli.run.interrupt import Interruption, stoppable

    evaluator = evaluator_for(question, assembled)
    bar = tqdm(total=total, unit="image", file=sys.stderr, disable=quiet or None)
    interruption = Interruption()
    with bar, stoppable(interruption):
        try:
            summary = run_evaluation(job, evaluator, bar.update, interruption)
        except OSError as error:
            raise MachineError(
                f"stopped, because a result could not be written: {error}; go on with --resume"
            ) from None
    return summary, interruption.requested


def _show(summary: Summary, output: Path, json: bool, quiet: bool) -> None:
    if json:
        from json import dumps

        from camcli.evaluation.report.tables import json_ready

        typer.echo(dumps(json_ready(summary), ensure_ascii=False))
    elif not quiet:
        _print_table(summary)
    if not quiet:
        typer.echo(f"{summary.rows} images and classes, tables in {output}", err=True)


def _print_table(summary: Summary) -> None:
    """Print methods as rows; metrics that do not fit the terminal's width go below."""
    from rich.console import Console
    from rich.table import Table

    from camcli.evaluation.report.tables import cells, count, heading

    console = Console()
    titles = [heading(metric) for metric in summary.metrics]
    figures = {method: cells(summary, method) for method in summary.methods}
    label = max(map(len, summary.methods)) + 10
    for columns in _fitting(titles, figures, console.width - label):
        table = Table("method", "n", *(titles[i] for i in columns), box=None)
        for method in summary.methods:
            chosen = (figures[method][i] for i in columns)
            table.add_row(method, str(count(summary, method)), *chosen)
        console.print(table)


def _fitting(titles: Sequence[str], figures: dict[str, list[str]], width: int) -> list[list[int]]:
    """Shard the columns out among as many tables as the width asks for."""
    tables: list[list[int]] = []
    left = 0
    for i, title in enumerate(titles):
        needed = max(len(title), *(len(row[i]) for row in figures.values())) + 2
        if not tables or needed > left:
            tables.append([])
            left = width
        tables[-1].append(i)
        left -= needed
    return tables


def _baseline(word: str, flag: str) -> Any:
    if word not in _BASELINES:
        raise CamcliError(f"{flag} is one of {', '.join(_BASELINES)}, not {word!r}")
    return word
