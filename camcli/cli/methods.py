"""`camcli methods`: the saliency methods and their options."""

from __future__ import annotations

import json as jsonlib
from typing import Any

import typer

from camcli.cli.console import say
from camcli.errors import PluginError


def methods(
    name: str | None = typer.Argument(None, help="Describe one method in full."),
    json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """List the saliency methods, or describe one with its formula, options and paper.

    Methods of other packages stand behind camcli's own, with the package they are of.
    """
    described = _all() if name is None else [_described(name)]
    if json:
        typer.echo(jsonlib.dumps(described if name is None else described[0], indent=2))
    elif name is None:
        typer.echo("\n".join(_lines(described)))
    else:
        typer.echo(_in_full(described[0]))


def _all() -> list[dict[str, Any]]:
    """Describe every method; those of other packages that cannot be used are told instead."""
    from camcli.methods import METHOD_NAMES, PLUGINS

    described = [_described(own) for own in METHOD_NAMES]
    faults = list(PLUGINS.faults())
    for plugin in PLUGINS.usable():
        try:
            described.append(_described(plugin.name))
        except PluginError as error:
            faults.append(error)
    for fault in faults:
        say(f"camcli: warning: {fault}")
    return described


def _described(name: str) -> dict[str, Any]:
    from inspect import cleandoc

    from camcli.methods import canonical_name, method_class, options_of, origin_of

    method = method_class(name)
    return {
        "name": canonical_name(name),
        "package": origin_of(name),
        "signed": method.signed,
        "uses_class": method.uses_class,
        "description": cleandoc(method.__doc__ or ""),
        "options": [vars(option) for option in options_of(name)],
    }


def _lines(described: list[dict[str, Any]]) -> list[str]:
    width = max(len(method["name"]) for method in described)
    return [
        f"{method['name']:{width}}  {(method['description'].splitlines() or [''])[0]}"
        + _package(method)
        for method in described
    ]


def _in_full(method: dict[str, Any]) -> str:
    options = [
        f"  {option['name']} (default {option['default']!r}): {option['description']}"
        for option in method["options"]
    ]
    head = f"{method['name']}{_package(method)}"
    return "\n".join([f"{head}\n\n{method['description']}", *options])


def _package(method: dict[str, Any]) -> str:
    return f"  (from {method['package']})" if method["package"] else ""
