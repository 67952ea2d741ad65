"""`camcli layers`: the layers of a network that can be explained at."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import typer

from camcli.cli import options
from camcli.errors import CamcliError, LayerError
from camcli.system.wording import counted_as

if TYPE_CHECKING:
    from camcli.network.layers import Layer
    from camcli.network.layout import Layout
    from camcli.run.layer_list import LayerList


def layers(
    model: str | None = typer.Argument(
        None, help="Which network, as for `camcli explain --model`."
    ),
    pattern: str | None = typer.Argument(
        None, help="Show only paths that contain this word or match this shell pattern."
    ),
    named: str | None = typer.Option(
        None, "--model", "-m", metavar="MODEL", help="The network; an argument is then the pattern."
    ),
    config: options.ConfigFile = None,
    overrides: options.Overrides = [],
    isolated: options.Isolated = False,
    depth: int | None = typer.Option(None, "--depth", min=1, help="Levels of modules to show."),
    json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Show a model's layers with their shapes, and mark the default layer.

    Shapes do not depend on weights, so none are downloaded. A layer without spatial extent cannot
    be explained at; tensors that bypass a layer are held constant.
    """
    from camcli.run.layer_list import list_layers
    from camcli.run.preview import without_download

    if named is not None:
        if pattern is not None:
            raise CamcliError(f"two networks are named, {model} and {named}: leave one out")
        model, pattern = named, model
    flags = options.Flags(model=model, overrides=overrides, isolated=isolated)
    listed = list_layers(without_download(flags.over(config)))
    shown = [layer for layer in listed.layers if _is_asked_for(layer.path, pattern, depth)]
    if not shown:
        raise LayerError(f"no layer of {listed.model} matches {pattern!r}")
    if json:
        typer.echo(jsonlib.dumps(_as_json(listed, shown), indent=2))
    else:
        typer.echo("\n".join(_lines(listed, shown)))


def _is_asked_for(path: str, pattern: str | None, depth: int | None) -> bool:
    if depth is not None and path.count(".") >= depth:
        return False
    if pattern is None:
        return True
    glob = pattern if any(mark in pattern for mark in "*?[") else f"*{pattern}*"
    return fnmatchcase(path, glob)


def _lines(listed: LayerList, shown: Sequence[Layer]) -> list[str]:
    height, width = listed.image_size
    names = ["  " * layer.path.count(".") + layer.path for layer in shown]
    column = max(map(len, names))
    scores = counted_as(listed.classes, "score")
    lines = [f"{listed.model}: images of {height}x{width} -> {scores}"]
    for name, layer in zip(names, shown, strict=True):
        mark = "  <- default" if layer.path == listed.default else ""
        lines.append(f"{name:{column}}  {_described(layer)}{mark}")
    return lines


def _described(layer: Layer) -> str:
    if layer.layout is None:
        sizes = ", ".join("B" if size is None else str(size) for size in layer.shape)
        return f"({sizes}), no extent in space"
    layout = layer.layout
    notes: list[str] = [layout.order]
    if layout.extra_tokens:
        notes.append(f"{layout.extra_tokens} extra")
    if not layout.in_rows:
        notes.append("not in rows")
    if layer.bypasses:
        notes.append(f"bypassed by {layer.bypasses}")
    return f"{layout.channels} maps of {layout.height}x{layout.width} ({', '.join(notes)})"


def _as_json(listed: LayerList, shown: Sequence[Layer]) -> dict[str, Any]:
    return {
        "model": listed.model,
        "image_size": list(listed.image_size),
        "classes": listed.classes,
        "default": listed.default,
        "layers": [
            {
                "path": layer.path,
                "shape": list(layer.shape),
                "layout": layer.layout and _layout_as_json(layer.layout),
                "bypasses": layer.bypasses,
            }
            for layer in shown
        ],
    }


def _layout_as_json(layout: Layout) -> dict[str, Any]:
    return {
        "order": layout.order,
        "channels": layout.channels,
        "height": layout.height,
        "width": layout.width,
        "extra_tokens": layout.extra_tokens,
        "in_rows": layout.in_rows,
    }
