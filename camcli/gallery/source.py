"""From the paths that a user gives to the runs on a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from camcli.comparison.compare import read_side
from camcli.comparison.entry import methods_of, output_of
from camcli.config import OutputConfig
from camcli.gallery.items import ShownRun


def read_runs(paths: Sequence[Path]) -> list[ShownRun]:
    """Read runs, each under the shortest name that tells it from the others.

    A run of several methods is shown as if each had a run of its own.

    Raises:
        InputError: One of them holds no run.

    """
    alone = len(paths) == 1
    return [
        shown
        for name, path in zip(_names(paths), paths, strict=True)
        for shown in _shown(name, path, alone)
    ]


def _names(paths: Sequence[Path]) -> list[str]:
    short = [path.resolve().name for path in paths]
    shared = {name for name, count in Counter(short).items() if count > 1}
    return [str(path) if name in shared else name for name, path in zip(short, paths, strict=True)]


def _shown(name: str, path: Path, alone: bool) -> list[ShownRun]:
    entries = read_side(path)
    named = output_of(path).get("colormap")
    usual = OutputConfig(sign=entries[0].meaning.sign).colormap
    colormap = named if isinstance(named, str) else usual
    methods = methods_of(entries)
    if len(methods) == 1:
        return [ShownRun(name, entries, colormap)]
    return [
        ShownRun(
            method if alone else f"{name}: {method}",
            [entry for entry in entries if entry.method == method],
            colormap,
        )
        for method in methods
    ]
