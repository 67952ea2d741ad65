"""`camcli methods`: the saliency methods and their options."""

from __future__ import annotations

import typer


def methods(
    name: str | None = typer.Argument(None, help="Describe one method in full."),
) -> None:
    """List the saliency methods, or describe one with its formula, options and paper."""
    from inspect import cleandoc

    from camcli.methods import METHOD_NAMES, canonical_name, method_class, options_of

    if name is None:
        width = max(map(len, METHOD_NAMES))
        for known in METHOD_NAMES:
            summary = cleandoc(method_class(known).__doc__ or "").splitlines()[0]
            typer.echo(f"{known:{width}}  {summary}")
        return
    typer.echo(f"{canonical_name(name)}\n\n{cleandoc(method_class(name).__doc__ or '')}")
    for option in options_of(name):
        typer.echo(f"  {option.name} (default {option.default!r}): {option.description}")
