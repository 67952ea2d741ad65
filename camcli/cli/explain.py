"""`camcli explain`: images in, heatmaps and a manifest out."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from camcli.cli import options
from camcli.cli.console import say
from camcli.cli.progress import Progress
from camcli.cli.startup import starting_up
from camcli.config import Config, dump_config
from camcli.errors import CamcliError, MachineError, OutputError
from camcli.images.shard import shard_from, shard_of
from camcli.records import WHOLE, ImageRef, ManifestRow, Shard

if TYPE_CHECKING:
    from collections.abc import Iterable

    from camcli.output.folder import Claim, FolderPolicy
    from camcli.run.build import Assembled
    from camcli.run.local import Job, Outcome

# Paths that trickle in through a pipe are explained in smaller batches rather than held back.
_PIPE_PATIENCE = 1.0


def explain(
    inputs: list[str] = typer.Argument(
        ..., metavar="INPUT...", help="Files, folders, globs, or - for paths on standard input."
    ),
    config: options.ConfigFile = None,
    output: Path = typer.Option(Path("out"), "--output", "-o", help="Output folder."),
    model: options.Model = None,
    checkpoint: options.Checkpoint = None,
    layer: options.Layers = [],
    method: options.Method = None,
    target: options.Targets = [],
    prompt: options.Prompts = [],
    prompts: options.PromptsFile = None,
    batch_size: options.BatchSize = None,
    workers: options.Workers = None,
    device: options.Device = None,
    precision: options.Precision = None,
    compile_: options.Compile = None,
    save: options.Save = [],
    overrides: options.Overrides = [],
    resume: bool = typer.Option(False, "--resume", help="Go on with the run in the folder."),
    retry_failed: bool = typer.Option(
        False, "--retry-failed", help="Go on, and try again what failed."
    ),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace the run in the folder."),
    limit: int | None = typer.Option(None, "--limit", min=1, help="Stop after N images."),
    shard: str | None = typer.Option(
        None, "--shard", metavar="I/N", help="Every N-th image from number I, from 0; or auto."
    ),
    nul: bool = typer.Option(False, "--null", "-0", help="Paths on stdin end in NUL."),
    json: bool = typer.Option(False, "--json", help="Manifest rows on stdout as they are done."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would be done, and stop."),
    fail_fast: bool = typer.Option(False, "--fail-fast", help="Stop when an image fails."),
    exit_zero: bool = typer.Option(
        False, "--exit-zero", help="Exit 0 also when some images failed."
    ),
) -> None:
    """Explain images: heatmap overlays, .npy maps and a manifest.

    Exit codes: 0 every image done; 1 finished, but some images failed or gave a degenerate
    map; 2 the command, configuration, model or input is wrong; 74 stopped by the machine (disk
    full, out of memory), resumable; 130 interrupted, or nobody reads stdout any more, resumable.
    """
    resolved = options.configured(
        config,
        overrides,
        model=model,
        checkpoint=checkpoint,
        layer=layer,
        method=method,
        target=target,
        prompt=prompt,
        prompts=prompts,
        batch_size=batch_size,
        workers=workers,
        device=device,
        precision=precision,
        compile=compile_,
        save=save,
    )
    part = shard_from(shard, os.environ) if shard else WHOLE
    occupied = folder_policy(resume or retry_failed, overwrite)
    refs, total = _images(inputs, nul, limit, output)
    if dry_run:
        _show_plan(resolved, total, part, output)
        return
    from camcli.output.folder import Claim

    reporting = _Reporting(json, quiet, fail_fast, exit_zero)
    claim = Claim(occupied, retry_failed, part)
    outcome = _run(resolved, shard_of(refs, part), total, output, claim, reporting)
    raise typer.Exit(_exit_code(outcome, reporting))


def folder_policy(resume: bool, overwrite: bool) -> FolderPolicy:
    """Return what two flags ask to do with an output folder that is not empty."""
    from camcli.output.folder import FolderPolicy

    if resume and overwrite:
        raise OutputError("--resume and --overwrite contradict each other: give one of them")
    return (
        FolderPolicy.RESUME
        if resume
        else FolderPolicy.OVERWRITE
        if overwrite
        else FolderPolicy.REFUSE
    )


def _images(
    inputs: Sequence[str], nul: bool, limit: int | None, output: Path
) -> tuple[Iterable[ImageRef], int | None]:
    """Return the images, and how many there are where that is known."""
    from camcli.images.find import find_images, read_paths, refs_from_paths

    if "-" in inputs:
        if len(inputs) > 1:
            raise CamcliError("- (paths on standard input) cannot stand beside other inputs")
        return islice(refs_from_paths(read_paths(sys.stdin.buffer, nul)), limit), None
    listing = find_images(inputs, output)
    total = min(len(listing), limit or len(listing))
    return islice(listing, total), total


def _show_plan(config: Config, total: int | None, shard: Shard, output: Path) -> None:
    counted = "images from standard input" if total is None else f"{total} images"
    part = "" if shard.count == 1 else f"shard {shard.index} of {shard.count} of "
    typer.echo(dump_config(config), nl=False)
    say(f"# would explain {part}{counted} into {output}")


@dataclass(frozen=True)
class _Reporting:
    """What is told of a run, while it works and by its exit code."""

    json: bool
    quiet: bool
    fail_fast: bool
    exit_zero: bool


def _run(
    config: Config,
    refs: Iterable[ImageRef],
    total: int | None,
    output: Path,
    claim: Claim,
    reporting: _Reporting,
) -> Outcome:
    from camcli.workers.demand import worker_count, workers_for

    expected = None if total is None else len(range(claim.shard.index, total, claim.shard.count))
    with workers_for(config) as workers:
        # They are ready by the time the network is.
        workers.start(min(worker_count(config.run), sys.maxsize if expected is None else expected))
        with starting_up():
            from camcli.run.build import assemble
            from camcli.run.local import Job

            assembled = assemble(config, total, _silent if reporting.quiet else say)
        patience = _PIPE_PATIENCE if total is None else None
        job = Job(refs, output, claim, patience, workers=workers)
        outcome = _watched(job, assembled, expected, reporting)
    if not reporting.quiet:
        say(_summary(outcome, output))
    return outcome


def _watched(
    job: Job, assembled: Assembled, expected: int | None, reporting: _Reporting
) -> Outcome:
    """Run a job, and tell of its rows as they are done."""
    from camcli.run.local import run

    with Progress(expected, rows_to_stdout=reporting.json, quiet=reporting.quiet) as progress:

        def on_rows(rows: Sequence[ManifestRow]) -> None:
            try:
                progress.on_rows(rows)
            except BrokenPipeError:
                job.interruption.request("nobody reads the rows on stdout any more")
            if reporting.fail_fast and any(row.status == "failed" for row in rows):
                job.interruption.request(f"--fail-fast, and {rows[0].image} failed")

        try:
            return run(job, assembled, on_rows)
        except MachineError as error:
            raise MachineError(
                f"stopped: {error}. What {job.folder} lists is whole; once that is mended, go on "
                "with --resume"
            ) from None


def _silent(_line: str) -> None:
    pass


def _summary(outcome: Outcome, output: Path) -> str:
    rows = outcome.tally.rows
    parts = [f"{rows['ok']} maps"]
    parts += [f"{rows[status]} {status}" for status in ("degenerate", "failed") if rows[status]]
    if outcome.earlier.images:
        parts.append(f"{outcome.earlier.images} images done before")
    if outcome.earlier.redone:
        parts.append(f"{len(outcome.earlier.redone)} of them again")
    rate = outcome.tally.images / outcome.seconds if outcome.seconds else 0.0
    ending = "done"
    if outcome.interrupted:
        ending = f"interrupted ({outcome.interrupted}); go on with --resume"
    return (
        f"{ending}: {', '.join(parts)} in {outcome.seconds:.1f} s ({rate:.1f} images/s) -> {output}"
    )


def _exit_code(outcome: Outcome, reporting: _Reporting) -> int:
    if reporting.fail_fast and outcome.tally.rows["failed"]:
        return 1
    if outcome.interrupted:
        return 130
    flawed = outcome.tally.rows + outcome.earlier.counts
    return 1 if (flawed["failed"] or flawed["degenerate"]) and not reporting.exit_zero else 0
