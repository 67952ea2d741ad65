"""`camcli bench`: where the time of an image goes, against merely predicting it."""

from __future__ import annotations

import json as jsonlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from camcli.cli import options
from camcli.cli.console import say
from camcli.config import Config

if TYPE_CHECKING:
    from camcli.profiling.measure import Measured
    from camcli.records import ImageRef
    from camcli.run.build import Assembled

_COPIES = 4  # of the ten sample images, where no others are given


def bench(
    inputs: list[str] = typer.Argument(
        None,
        metavar="[INPUT]...",
        help="Files, folders or globs; without any, the sample images.",
    ),
    config: options.ConfigFile = None,
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
    compile_: bool | None = typer.Option(
        None, "--compile/--no-compile", help="Default: compile first, then measure."
    ),
    save: options.Save = [],
    overrides: options.Overrides = [],
    limit: int = typer.Option(256, "--limit", min=1, help="Images a round, at most."),
    rounds: int = typer.Option(3, "--rounds", min=1, help="Of explaining and predicting, in turn."),
    json: bool = typer.Option(False, "--json", help="As JSON on stdout."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No word on what is being done."),
) -> None:
    """Measure where the time of an image goes, against merely decoding and predicting it.

    Every stage is timed by itself on one batch. Then whole runs, from files to files in a
    temporary folder, take turns with a loop that decodes and predicts the same images with the
    same network, batches and threads.
    """
    asked = options.configured(
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
    resolved = _settled(asked)
    with _images(inputs or [], limit) as refs:
        from camcli.profiling.measure import measure
        from camcli.run.build import assemble

        assembled = assemble(resolved, len(refs), _silent if quiet else say)
        measured = measure(refs, assembled, rounds)
    if json:
        typer.echo(jsonlib.dumps(_as_json(assembled, measured), indent=2))
    else:
        typer.echo("\n".join(_lines(assembled, measured)))


def _silent(_line: str) -> None:
    pass


def _settled(config: Config) -> Config:
    """Compile before anything is timed, where a run would decide on the way."""
    if config.run.compile != "auto":
        return config
    return config.model_copy(update={"run": config.run.model_copy(update={"compile": True})})


@contextmanager
def _images(inputs: Sequence[str], limit: int) -> Iterator[Sequence[ImageRef]]:
    from camcli.images.find import find_images

    with tempfile.TemporaryDirectory(prefix="camcli-samples-") as drawn:
        if not inputs:
            from camcli.demo.samples import write_samples

            for copy in range(_COPIES):
                write_samples(Path(drawn) / str(copy))
            inputs = [drawn]
        yield list(find_images(inputs, Path(drawn) / "out"))[:limit]


def _header(assembled: Assembled) -> dict[str, Any]:
    described = assembled.described()
    return {
        "model": assembled.model.name,
        "layer": assembled.layer,
        "method": assembled.config.method.name,
        "device": str(assembled.engine.device),
        "precision": described["precision"],
        "batch_size": assembled.batch_size,
        "workers": assembled.workers,
        "save": list(assembled.config.output.save),
    }


def _lines(assembled: Assembled, measured: Measured) -> list[str]:
    about = _header(assembled)
    lines = [
        "{model}, {layer}, {method}, {precision} on {device}, batches of {batch_size}, "
        "{workers} workers".format(**about),
        f"{'stage, alone in one thread':30} ms per image",
    ]
    lines += [
        f"  {f'{stage.where}: {stage.name}':28} {stage.milliseconds:9.2f}"
        for stage in measured.stages
    ]
    lines.append("the calling thread in a run")
    lines += [f"  {stage:28} {spent:9.2f}" for stage, spent in measured.waiting.items()]
    low, high = min(measured.ratios), max(measured.ratios)
    lines += [
        f"from files to files, {measured.images} images, {len(measured.explain)} rounds",
        f"  {'explain':28} {measured.per_image(measured.explain):9.2f}",
        f"  {'decode and predict':28} {measured.per_image(measured.predict):9.2f}",
        f"  {'ratio':28} {measured.ratio:9.2f}  ({low:.2f} to {high:.2f})",
    ]
    return lines


def _as_json(assembled: Assembled, measured: Measured) -> dict[str, Any]:
    return _header(assembled) | {
        "images": measured.images,
        "stages": [vars(stage) for stage in measured.stages],
        "waiting": dict(measured.waiting),
        "explain_seconds": list(measured.explain),
        "predict_seconds": list(measured.predict),
        "ratio": measured.ratio,
        "ratios": list(measured.ratios),
    }
