"""From the paths that a user gives to the runs on a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from camcli.comparison.compare import read_side
from camcli.comparison.entry import output_of
from camcli.config import OutputConfig
from camcli.gallery.items import ShownRun


def read_runs(paths: Sequence[Path]) -> list[ShownRun]:
    """Read runs, each under the shortest name that tells it from the others.

    Raises:
        InputError: One of them holds no run.

    """
    return [_shown(name, path) for name, path in zip(_names(paths), paths, strict=True)]


def _names(paths: Sequence[Path]) -> list[str]:
    short = [path.resolve().name for path in paths]
    shared = {name for name, count in Counter(short).items() if count > 1}
    return [str(path) if name in shared else name for name, path in zip(short, paths, strict=True)]


def _shown(name: str, path: Path) -> ShownRun:
    entries = read_side(path)
    named = output_of(path).get("colormap")
    usual = OutputConfig(sign=entries[0].meaning.sign).colormap
    return ShownRun(name, entries, named if isinstance(named, str) else usual)
