"""The options that several commands share, each declared once, and the keys that they set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from camcli.config import Config, load_config
from camcli.models import sources
from camcli.targets import rules

ConfigFile = Annotated[Path | None, typer.Option("--config", "-c", help="YAML configuration.")]
Overrides = Annotated[
    list[str],
    typer.Option("--set", metavar="KEY=VALUE", help="Override any key of the configuration."),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help=f"Which network: {sources.usage()}.",
    ),
]
Checkpoint = Annotated[
    Path | None,
    typer.Option("--checkpoint", help="Weights: .safetensors, or .pth with nothing but tensors."),
]
Layers = Annotated[
    list[str],
    typer.Option(
        "--layer", help="Module path to explain at, or auto. Repeatable: maps are averaged."
    ),
]
Method = Annotated[str | None, typer.Option("--method", help="See `camcli methods`.")]
Targets = Annotated[
    list[str],
    typer.Option("--target", help=f"What to explain: {rules.usage()}. Repeatable."),
]
Prompts = Annotated[
    list[str],
    typer.Option("--prompt", help="What to look for, to a dual encoder. Repeatable."),
]
PromptsFile = Annotated[
    Path | None,
    typer.Option("--prompts", help="Prompts: one a line, or .csv or .jsonl with image and prompt."),
]
BatchSize = Annotated[
    str | None,
    typer.Option("--batch-size", "-b", metavar="N", help="Images a batch, or auto."),
]
Workers = Annotated[
    str | None,
    typer.Option("--workers", "-j", metavar="N", help="Processes that decode and draw, or auto."),
]
Device = Annotated[str | None, typer.Option("--device", help="auto, cpu, cuda or cuda:N.")]
Precision = Annotated[
    str | None,
    typer.Option("--precision", help="auto, fp32, tf32, bf16 or fp16; the tail is always fp32."),
]
Compile = Annotated[
    bool | None,
    typer.Option("--compile/--no-compile", help="Default: when the images ahead are worth it."),
]
Save = Annotated[list[str], typer.Option("--save", help="maps, overlays, components. Repeatable.")]

_KEYS = {
    "model": "model.name",
    "checkpoint": "model.weights",
    "layer": "model.layer",
    "method": "method.name",
    "target": "targets",
    "prompt": "prompts.texts",
    "prompts": "prompts.file",
    "batch_size": "run.batch_size",
    "workers": "run.workers",
    "device": "run.device",
    "precision": "run.precision",
    "compile": "run.compile",
    "save": "output.save",
}


def configured(config: Path | None, overrides: Sequence[str], **given: Any) -> Config:
    """Return the configuration of a file, with what the command line says laid over it.

    Args:
        config: The file, None for the defaults alone.
        overrides: What `--set` was given.
        given: The values of options, by their names; None and empty lists stand for options that
            were not given, and leave their keys to the file.

    Raises:
        ConfigError: The file or a value is wrong.

    """
    said = {_KEYS[name]: value for name, value in given.items() if value not in (None, [])}
    paths = {key: str(value) for key, value in said.items() if isinstance(value, Path)}
    return load_config(config, overrides, said | paths)
