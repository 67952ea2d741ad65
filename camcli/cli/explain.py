"""`camcli explain`: images in, heatmaps and a manifest out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from camcli.cli import options
from camcli.cli.console import say, silent
from camcli.cli.ending import NOBODY_READS, exit_code, flaws_from, summary
from camcli.cli.inputs import images_of
from camcli.cli.opening import open_result
from camcli.cli.progress import Progress
from camcli.cli.startup import starting_up
from camcli.config import Config, dump_config
from camcli.config.artefacts import ARTEFACT_KINDS
from camcli.errors import MachineError
from camcli.images.shard import shard_from
from camcli.output.manifest_row import ManifestRow
from camcli.records import WHOLE
from camcli.system.wording import counted_as

if TYPE_CHECKING:
    from camcli.output.requirement import Requirement
    from camcli.run.build import BuiltRun
    from camcli.run.executors.base import Executor
    from camcli.run.outcome import Outcome
    from camcli.run.plan import RunPlan

# Seconds. Paths that arrive slowly through a pipe are explained in smaller batches, not held back.
_PIPE_PATIENCE = 1.0
# Rows that are named for not holding what is required.
_SHOWN = 10


@options.takes_flags()
def explain(
    *,
    inputs: list[str] = typer.Argument(
        ...,
        metavar="INPUT...",
        help="Files, folders, globs, archives, URLs, or - for paths on stdin.",
    ),
    config: options.ConfigFile = None,
    output: Path = typer.Option(Path("out"), "--output", "-o", help="Output folder."),
    flags: options.Flags,
    resume: bool = typer.Option(False, "--resume", help="Resume the run in the folder."),
    retry_failed: bool = typer.Option(
        False, "--retry-failed", help="Resume, and retry the images that failed."
    ),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace the run in the folder."),
    limit: int | None = typer.Option(None, "--limit", min=1, help="Stop after N images."),
    shard: str | None = typer.Option(
        None,
        "--shard",
        metavar="I/N",
        help="Explain every N-th image, starting at I (0 to N-1); or auto.",
    ),
    nul: bool = typer.Option(False, "--null", "-0", help="Paths on standard input end in NUL."),
    json: bool = typer.Option(
        False, "--json", help="Print manifest rows on stdout as they are done."
    ),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Show no progress."),
    open_: bool = typer.Option(False, "--open", help="Open the overlays once they are done."),
    dry_run: bool = typer.Option(
        False, "--dry-run", help="Check and show what would be done, and stop."
    ),
    fail_fast: bool = typer.Option(
        False, "--fail-fast", help="Stop at the first image that fails."
    ),
    exit_zero: bool = typer.Option(
        False, "--exit-zero", help="Exit with 0 even if some images failed."
    ),
    fail_on: list[str] = typer.Option(
        [],
        "--fail-on",
        metavar="STATUS",
        help="Exit with 1 only for this status: failed, degenerate or never. Repeatable.",
    ),
    require: list[str] = typer.Option(
        [],
        "--require",
        metavar="FIGURE<NUMBER",
        help="Exit with 1 where a map does not hold this, as completeness_error<1e-4. Repeatable.",
    ),
) -> None:
    """Explain images: heatmap overlays, .npy maps and a manifest.

    Exit codes: 0 every image done; 1 finished, but some images failed, gave a degenerate map or
    did not hold what is required; 2 the command, configuration, model or input is wrong; 74
    stopped by the machine (disk full, out of memory), resumable; 130 interrupted (Ctrl-C),
    143 terminated (SIGTERM), 141 nobody reads stdout any more, all resumable.
    """
    resolved = flags.over(config)
    part = shard_from(shard, os.environ) if shard else WHOLE
    policy = options.folder_policy(resume or retry_failed, overwrite)
    images = images_of(inputs, nul, limit, output)
    from camcli.output.requirement import Requirement
    from camcli.run.plan import RunPlan

    flaws = flaws_from(fail_on, exit_zero)
    requirements = [Requirement.parse(text) for text in require]
    plan = RunPlan(
        refs=images.refs,
        folder=output,
        folder_policy=policy,
        retry_failed=retry_failed,
        shard=part,
        total=images.total,
        patience=_PIPE_PATIENCE if images.total is None else None,
        left_out=images.left_out,
    )
    if dry_run:
        _show(plan, resolved)
        return
    outcome = _run(plan, resolved, _Reporting(json, quiet, fail_fast))
    if not quiet:
        say(summary(outcome, output))
    for line in outcome.told():
        say(line)
    if open_ and not outcome.interrupted:
        open_result(_looked_at(output))
    held = _hold(requirements, plan, several=len(resolved.method.all) > 1)
    raise typer.Exit(exit_code(outcome, fail_fast, flaws) or (0 if held else 1))


def _looked_at(output: Path) -> Path:
    """Return the folder to look at: the first there is of what is drawn, or else the whole."""
    kinds = (ARTEFACT_KINDS[name].folder for name in ("overlay", "grid", "heat", "sheet"))
    return next((output / kind for kind in kinds if (output / kind).is_dir()), output)


def _hold(requirements: Sequence[Requirement], plan: RunPlan, several: bool) -> bool:
    """Return whether all rows hold what is required; name the first that do not."""
    from camcli.output.files import manifest_path
    from camcli.output.requirement import broken_in

    broken = 0
    for line in broken_in(manifest_path(plan.folder, plan.shard), requirements, several):
        broken += 1
        if broken <= _SHOWN:
            say(f"not as required: {line}")
    if broken > _SHOWN:
        say(f"not as required: {broken - _SHOWN} more")
    return not broken


def _show(plan: RunPlan, config: Config) -> None:
    """Print the configuration and what would be explained, once all of it is known to exist."""
    from camcli.run.preview import preview

    with starting_up():
        found = preview(plan, config)
    _tell_unused(found.built)
    counted = (
        "images from standard input" if plan.total is None else counted_as(plan.total, "image")
    )
    shard = plan.shard
    part = "" if shard.count == 1 else f"shard {shard.index} of {shard.count} of "
    methods = " and ".join(each.name for each in found.built.methods)
    typer.echo(dump_config(config), nl=False)
    say(
        f"# would explain {part}{counted} into {plan.folder}: {config.model.name} at "
        f"{found.built.layer}, {methods}, {', '.join(map(str, config.targets))}"
    )
    if plan.total is not None:
        uses = found.built.engine.targets.file_uses()
        for line in dict.fromkeys(line for use in uses for line in use.lines()):
            say(line)
    if not found.weights_are_there:
        say("# the weights were left aside, for they may have to be downloaded")


@dataclass(frozen=True)
class _Reporting:
    """What is printed while a run works, and whether a failure stops it."""

    json: bool
    quiet: bool
    fail_fast: bool


def _run(plan: RunPlan, config: Config, reporting: _Reporting) -> Outcome:
    from camcli.run.executors import executor_for

    with executor_for(config) as executor:
        executor.start(plan)  # its processes start while the network is loaded
        with starting_up():
            from camcli.run.build import build

            built = build(config, plan.total, silent if reporting.quiet else say)
        _tell_unused(built)
        return _watched(executor, plan, built, reporting)


def _tell_unused(built: BuiltRun) -> None:
    from camcli.run.unused import unused_by

    for line in unused_by(built):
        say(line)


def _watched(executor: Executor, plan: RunPlan, built: BuiltRun, reporting: _Reporting) -> Outcome:
    """Run a plan, and report its rows as they are done."""
    from camcli.run.interrupt import Interruption

    interruption = Interruption()
    with Progress(plan.image_count, reporting.json, reporting.quiet) as progress:

        def on_rows(rows: Sequence[ManifestRow]) -> None:
            try:
                progress.on_rows(rows)
            except BrokenPipeError:
                interruption.request(NOBODY_READS)
            if reporting.fail_fast and any(row.status == "failed" for row in rows):
                interruption.request(f"--fail-fast, and {rows[0].image} failed")

        try:
            return executor.run(plan, built, on_rows, interruption)
        except MachineError as error:
            raise MachineError(
                f"stopped: {error}. All results listed in {plan.folder} are complete; once the "
                "cause is fixed, go on with --resume"
            ) from None
