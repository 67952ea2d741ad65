"""`camcli evaluate`: how good methods' maps are, measured on the user's own images."""

from __future__ import annotations

import sys
import warnings
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from camcli.cli import options
from camcli.cli.console import say
from camcli.cli.ending import stopped_code
from camcli.config import Config
from camcli.errors import CamcliWarning, MachineError
from camcli.system.wording import counted_as

if TYPE_CHECKING:
    from camcli.evaluation.evaluator import Evaluator
    from camcli.evaluation.report.summary import Summary
    from camcli.evaluation.run import EvaluationJob

_OneLayer = Annotated[
    str | None, typer.Option("--layer", help="Module path to explain at, or auto.")
]


_NOT_USED = ("method", "output")


@options.takes_flags(
    without=("method", "option", "precision", "compile", "save", *options.LOOKS), layer=_OneLayer
)
def evaluate(
    *,
    inputs: list[str] = typer.Argument(
        ..., metavar="INPUT...", help="Files, folders, globs, archives or URLs."
    ),
    methods: str = typer.Option(
        "", "--methods", metavar="A,B,...", help="Methods to compare, or all."
    ),
    own_options: list[str] = typer.Option(
        [], "--option", metavar="METHOD.KEY=VALUE", help="Set an option of one method. Repeatable."
    ),
    at_most: list[str] = typer.Option(
        [],
        "--at-most",
        metavar="METHOD=N",
        help="Limit an expensive method to the first N images. Repeatable.",
    ),
    folders: list[Path] = typer.Option(
        [],
        "--from",
        metavar="DIR",
        help="Also evaluate maps that `camcli explain` wrote. Repeatable.",
    ),
    truth: Path | None = typer.Option(
        None,
        "--truth",
        help="Ground truth: COCO .json, Pascal VOC .xml or their folder, or a folder of masks.",
    ),
    against: str | None = typer.Option(
        None, "--against", metavar="METHOD", help="Estimate this method's lead over each other one."
    ),
    steps: int = typer.Option(
        10, "--steps", min=2, help="Steps of the insertion and deletion curves."
    ),
    insertion: str = typer.Option(
        "blur", "--insertion", help="What insertion starts from: blur or zero."
    ),
    deletion: str = typer.Option("zero", "--deletion", help="What deletion ends at: zero or blur."),
    costs: bool = typer.Option(True, "--costs/--no-costs", help="Measure what each method costs."),
    config: options.ConfigFile = None,
    output: Path = typer.Option(Path("evaluation"), "--output", "-o", help="Output folder."),
    flags: options.Flags,
    resume: bool = typer.Option(False, "--resume", help="Resume the evaluation in the folder."),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace what is in the folder."),
    limit: int | None = typer.Option(None, "--limit", min=1, help="Stop after N images."),
    json: bool = typer.Option(False, "--json", help="Print the summary as JSON on stdout."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Show no progress and no table."),
) -> None:
    """Measure the faithfulness, localisation and complexity of methods' maps, and print a table.

    Writes manifest.jsonl (a row for each image), table.md, table.csv, table.json and curves.svg.
    Exit codes: 0 done; 1 some images could not be evaluated; 2 the command, configuration, model
    or input is wrong; 74 stopped by the machine (disk full), 130 interrupted
    (Ctrl-C), 143 terminated (SIGTERM), all resumable.
    """
    resolved = flags.over(config)
    _tell_unused(resolved)
    from camcli.evaluation.plan import EvaluationPlan, baseline_named, source_named
    from camcli.evaluation.run import EvaluationJob
    from camcli.evaluation.setup import evaluator_for
    from camcli.images.find import find_images
    from camcli.run.build import build
    from camcli.run.unused import idle_inputs

    listing = find_images(inputs)
    total = min(len(listing), limit or len(listing))
    if against is not None:
        against = source_named(against, [folder.name for folder in folders])
    plan = EvaluationPlan(
        methods=[name.strip() for name in methods.split(",") if name.strip()],
        options=own_options,
        at_most=at_most,
        folders=folders,
        truth=truth,
        steps=steps,
        insertion=baseline_named(insertion, "--insertion"),
        deletion=baseline_named(deletion, "--deletion"),
        against=against,
    )
    # A trunk compiled for whole batches would not fit the perturbed copies of single images.
    built = build(resolved, images_ahead=0)
    evaluator = evaluator_for(plan, built, listing, total)
    job = EvaluationJob(
        refs=islice(listing, total),
        folder=output,
        folder_policy=options.folder_policy(resume, overwrite),
        fingerprint=plan.fingerprint(built),
        batch_size=built.batch_size,
        workers=built.workers,
        with_costs=costs,
        against=against,
        left_out=listing.left_out,
        unused=tuple(idle_inputs(built)),
    )
    for line in job.unused:
        say(line)
    summary, stopped = _run(job, evaluator, total, quiet)
    _show(summary, output, json, quiet)
    _tell_truth(evaluator, summary, quiet)
    uses = evaluator.engine.targets.file_uses()
    for line in dict.fromkeys(line for use in uses for line in use.lines()):
        say(line)
    raise typer.Exit(stopped_code(stopped) if stopped else 1 if summary.failed else 0)


def _tell_unused(config: Config) -> None:
    """Warn of sections that are for explaining only, as in a file that both commands read."""
    unused = [name for name in _NOT_USED if getattr(config, name) != getattr(Config(), name)]
    if unused:
        warnings.warn(
            "evaluate compares --methods and writes tables; of the configuration it does not use "
            f"{' and '.join(unused)}",
            CamcliWarning,
            stacklevel=2,
        )


def _run(
    job: EvaluationJob, evaluator: Evaluator, total: int, quiet: bool
) -> tuple[Summary, str | None]:
    from tqdm import tqdm

    from camcli.evaluation.run import run_evaluation
    from camcli.run.interrupt import Interruption, stoppable

    bar = tqdm(total=total, unit="image", file=sys.stderr, disable=quiet or None)
    interruption = Interruption()
    with bar, stoppable(interruption):
        try:
            summary = run_evaluation(job, evaluator, bar.update, interruption)
        except OSError as error:
            raise MachineError(
                f"stopped, because a result could not be written: {error}; go on with --resume"
            ) from None
    return summary, interruption.reason


def _show(summary: Summary, output: Path, json: bool, quiet: bool) -> None:
    if json:
        from json import dumps

        from camcli.evaluation.report.document import document_of

        typer.echo(dumps(document_of(summary).to_json(), ensure_ascii=False))
    elif not quiet:
        from rich.console import Console

        from camcli.evaluation.report.terminal import print_summary

        print_summary(summary, Console())
    if not quiet:
        typer.echo(
            f"{counted_as(summary.rows, 'pair')} of image and class, tables in {output}", err=True
        )


def _tell_truth(evaluator: Evaluator, summary: Summary, quiet: bool) -> None:
    """Say on how much of the ground truth the figures rest; what was not used, always."""
    if evaluator.truth is None or summary.truth is None:
        return
    report, pairs = evaluator.truth.report, dict(summary.truth["pairs"])
    used = pairs.pop("used")
    lines = [f"pairs without truth, {why}: {count}" for why, count in pairs.items()]
    lines += report.findings.lines()
    if lines or not quiet:
        say(
            f"{report.summary()}; localisation rests on {used} of {summary.rows} pairs of image "
            "and class"
        )
    for line in lines:
        say(f"  {line}")
