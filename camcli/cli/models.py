"""`camcli models`: the models that can be named."""

from __future__ import annotations

import json as jsonlib

import typer

from camcli.errors import ModelError


def models(
    pattern: str | None = typer.Argument(
        None,
        help="Show only names that contain this word or match this shell pattern, such as "
        "'resnet*' or 'timm:vit*'.",
    ),
    json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """List the models that can be named, with the weights known for each."""
    from camcli.models.catalogue import catalogue, further_patterns, summaries

    found = catalogue(pattern)
    if not found:
        further = [f"`camcli models '{other}'`" for other in further_patterns(pattern or "")]
        raise ModelError(
            f"no model matches {pattern!r}; `camcli models` lists all, and {' or '.join(further)} "
            "looks there"
        )
    if json:
        typer.echo(jsonlib.dumps([vars(model) for model in found], indent=2))
        return
    lines = [
        (model.name, model.source, ", ".join(model.weights) or "none known") for model in found
    ]
    if pattern is None:
        lines += [(source.usage, source.source, source.content) for source in summaries()]
    width = max(len(name) for name, _, _ in lines)
    for name, source, content in lines:
        typer.echo(f"{name:{width}}  {source:11}  {content}")
