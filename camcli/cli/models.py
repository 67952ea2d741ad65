"""`camcli models`: what can be named."""

from __future__ import annotations

import json as jsonlib

import typer

from camcli.errors import ModelError

_FORMS = {"timm": "timm:NAME", "open_clip": "open_clip:ARCH/TAG"}
_EXTRAS = {"timm": "timm", "open_clip": "clip"}


def models(
    pattern: str | None = typer.Argument(
        None, help="A word, or a shell pattern such as 'resnet*' or 'timm:vit*'."
    ),
    json: bool = typer.Option(False, "--json", help="As JSON."),
) -> None:
    """List the models that can be named, with the weights known for each."""
    from camcli.models.catalogue import catalogue, counts

    found = catalogue(pattern)
    if not found:
        raise ModelError(
            f"no model matches {pattern!r}; `camcli models` lists all, and "
            f"`camcli models 'timm:*{pattern}*'` or 'open_clip:*{pattern}*' looks there"
        )
    if json:
        typer.echo(jsonlib.dumps([vars(model) for model in found], indent=2))
        return
    width = max(len(model.name) for model in found)
    for model in found:
        weights = ", ".join(model.weights) or "none known"
        typer.echo(f"{model.name:{width}}  {model.source:11}  {weights}")
    if pattern is None:
        for source, count in counts().items():
            typer.echo(f"{_FORMS[source]:{width}}  {source:11}  {_told(source, count)}")
        typer.echo(f"{'module:factory':{width}}  your own     what the function returns")


def _told(source: str, count: int | None) -> str:
    has = f"needs pip install 'camcli[{_EXTRAS[source]}]'" if count is None else f"{count} models"
    return f"{has}; camcli models '{source}:*'"
