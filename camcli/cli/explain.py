"""`camcli explain`: pictures in, heatmaps and a manifest out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from camcli.cli.progress import Progress
from camcli.config import Config, dump_config, load_config
from camcli.errors import CamcliError, OutputError
from camcli.records import ImageRef

if TYPE_CHECKING:
    from collections.abc import Iterable

    from camcli.executors.local import Outcome
    from camcli.output.folder import IfExists

# Paths that trickle in through a pipe are explained in smaller batches rather than held back.
_PIPE_PATIENCE = 1.0


def explain(
    inputs: list[str] = typer.Argument(
        ..., metavar="INPUT...", help="Files, folders, globs, or - for paths on standard input."
    ),
    config: Path | None = typer.Option(None, "--config", "-c", help="YAML configuration."),
    output: Path = typer.Option(Path("out"), "--output", "-o", help="Output folder."),
    model: str | None = typer.Option(
        None, "--model", "-m", help="demo, a torchvision model, timm:NAME or module:factory."
    ),
    checkpoint: Path | None = typer.Option(
        None, "--checkpoint", help="Weights: .safetensors, or .pth with nothing but tensors."
    ),
    layer: list[str] = typer.Option(
        [], "--layer", help="Module path to explain at, or auto. Repeatable: maps are averaged."
    ),
    method: str | None = typer.Option(None, "--method", help="See `camcli methods`."),
    target: list[str] = typer.Option(
        [],
        "--target",
        help="topN, positive, class index or name, folder, or @file.csv. Repeatable.",
    ),
    batch_size: str | None = typer.Option(
        None, "--batch-size", "-b", metavar="N", help="Pictures a batch, or auto."
    ),
    workers: str | None = typer.Option(
        None, "--workers", "-j", metavar="N", help="Decoding threads, or auto."
    ),
    device: str | None = typer.Option(None, "--device", help="auto, cpu, cuda or cuda:N."),
    precision: str | None = typer.Option(
        None, "--precision", help="auto, fp32, tf32, bf16 or fp16; the tail is always fp32."
    ),
    compile_: bool | None = typer.Option(
        None, "--compile/--no-compile", help="Default: when the pictures ahead are worth it."
    ),
    save: list[str] = typer.Option([], "--save", help="maps, overlays, components. Repeatable."),
    overrides: list[str] = typer.Option(
        [], "--set", metavar="KEY=VALUE", help="Override any key of the configuration."
    ),
    resume: bool = typer.Option(False, "--resume", help="Go on with the run in the folder."),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace the run in the folder."),
    limit: int | None = typer.Option(None, "--limit", min=1, help="Stop after N pictures."),
    nul: bool = typer.Option(False, "--null", "-0", help="Paths on stdin end in NUL."),
    json: bool = typer.Option(False, "--json", help="Manifest rows on stdout as they are done."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would be done, and stop."),
    exit_zero: bool = typer.Option(
        False, "--exit-zero", help="Exit 0 also when some pictures failed."
    ),
) -> None:
    """Explain pictures: heatmap overlays, .npy maps and a manifest.

    Exit codes: 0 every picture done; 1 finished, but some pictures failed or gave a degenerate
    map; 2 the command, configuration, model or input is wrong; 130 interrupted, resumable.
    """
    resolved = load_config(
        config,
        overrides,
        _given(
            {
                "model.name": model,
                "model.weights": checkpoint and str(checkpoint),
                "model.layer": layer,
                "method.name": method,
                "targets": target,
                "run.batch_size": batch_size,
                "run.workers": workers,
                "run.device": device,
                "run.precision": precision,
                "run.compile": compile_,
                "output.save": save,
            }
        ),
    )
    if_occupied = if_exists(resume, overwrite)
    refs, total = _pictures(inputs, nul, limit)
    if dry_run:
        _show_plan(resolved, total, output)
        return
    outcome = _run(resolved, refs, total, output, if_occupied, json, quiet)
    raise typer.Exit(_exit_code(outcome, exit_zero))


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in flags.items() if value not in (None, [])}


def if_exists(resume: bool, overwrite: bool) -> IfExists:
    """Return what two flags ask to do with an output folder that is not empty."""
    from camcli.output.folder import IfExists

    if resume and overwrite:
        raise OutputError("--resume and --overwrite contradict each other: give one of them")
    return IfExists.RESUME if resume else IfExists.OVERWRITE if overwrite else IfExists.REFUSE


def _pictures(
    inputs: Sequence[str], nul: bool, limit: int | None
) -> tuple[Iterable[ImageRef], int | None]:
    """Return the pictures, and how many there are where that is known."""
    from camcli.images.find import find_images, read_paths, refs_from_paths

    if "-" in inputs:
        if len(inputs) > 1:
            raise CamcliError("- (paths on standard input) cannot stand beside other inputs")
        return islice(refs_from_paths(read_paths(sys.stdin.buffer, nul)), limit), None
    listing = find_images(inputs)
    total = min(len(listing), limit or len(listing))
    return islice(listing, total), total


def _show_plan(config: Config, total: int | None, output: Path) -> None:
    counted = "pictures from standard input" if total is None else f"{total} pictures"
    typer.echo(dump_config(config), nl=False)
    typer.echo(f"# would explain {counted} into {output}", err=True)


def _run(
    config: Config,
    refs: Iterable[ImageRef],
    total: int | None,
    output: Path,
    if_exists: IfExists,
    json: bool,
    quiet: bool,
) -> Outcome:
    from camcli.assembly import assemble
    from camcli.executors.local import Job, run

    assembled = assemble(config, total, _silent if quiet else _say)
    patience = _PIPE_PATIENCE if total is None else None
    with Progress(total, rows_to_stdout=json, quiet=quiet) as progress:
        try:
            outcome = run(Job(refs, output, if_exists, patience), assembled, progress.on_rows)
        except OSError as error:
            raise OutputError(
                f"stopped, because a result could not be written: {error}. What {output} lists "
                "is whole; make room or mend the folder, then go on with --resume"
            ) from None
    if not quiet:
        typer.echo(_summary(outcome, output), err=True)
    return outcome


def _say(line: str) -> None:
    typer.echo(f"camcli: {line}", err=True)


def _silent(_line: str) -> None:
    pass


def _summary(outcome: Outcome, output: Path) -> str:
    rows = outcome.tally.rows
    parts = [f"{rows['ok']} maps"]
    parts += [f"{rows[status]} {status}" for status in ("degenerate", "failed") if rows[status]]
    if outcome.earlier.done:
        parts.append(f"{len(outcome.earlier.done)} pictures done before")
    rate = outcome.tally.images / outcome.seconds if outcome.seconds else 0.0
    ending = "interrupted; go on with --resume" if outcome.interrupted else "done"
    return (
        f"{ending}: {', '.join(parts)} in {outcome.seconds:.1f} s ({rate:.1f} pictures/s) "
        f"-> {output}"
    )


def _exit_code(outcome: Outcome, exit_zero: bool) -> int:
    if outcome.interrupted:
        return 130
    before = outcome.earlier.counts or {}
    flawed = sum(
        outcome.tally.rows[status] + before.get(status, 0) for status in ("failed", "degenerate")
    )
    return 1 if flawed and not exit_zero else 0
