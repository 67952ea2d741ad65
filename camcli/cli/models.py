"""`camcli models`: what can be named."""

from __future__ import annotations

import json as jsonlib

import typer

from camcli.errors import ModelError


def models(
    pattern: str | None = typer.Argument(
        None, help="A word, or a shell pattern such as 'resnet*' or 'timm:vit*'."
    ),
    json: bool = typer.Option(False, "--json", help="As JSON."),
) -> None:
    """List the models that can be named, with the weights known for each."""
    from camcli.models.catalogue import catalogue, timm_count

    found = catalogue(pattern)
    if not found:
        raise ModelError(
            f"no model matches {pattern!r}; `camcli models` lists all, and "
            f"`camcli models 'timm:*{pattern}*'` looks in timm"
        )
    if json:
        typer.echo(jsonlib.dumps([vars(model) for model in found], indent=2))
        return
    width = max(len(model.name) for model in found)
    for model in found:
        weights = ", ".join(model.weights) or "none known"
        typer.echo(f"{model.name:{width}}  {model.source:11}  {weights}")
    if pattern is None:
        count = timm_count()
        of_timm = "needs pip install 'camcli[timm]'" if count is None else f"{count} models"
        typer.echo(f"{'timm:NAME':{width}}  timm         {of_timm}; camcli models 'timm:*'")
        typer.echo(f"{'module:factory':{width}}  your own     what the function returns")
