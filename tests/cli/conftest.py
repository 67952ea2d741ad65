"""Run camcli as a user does: in a real process, or its command line in this one."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from camcli.cli import main


@dataclass(frozen=True)
class Finished:
    """A command that has ended: exit code and what it printed."""

    code: int
    stdout: str
    stderr: str


Camcli = Callable[..., Finished]


@pytest.fixture
def camcli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Camcli:
    """Run a command line in this process, in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, stdin: bytes = b"") -> Finished:
        monkeypatch.setattr(sys, "argv", ["camcli", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
                code = 0
            except SystemExit as stop:
                code = int(stop.code or 0)
        return Finished(code, out.getvalue(), err.getvalue())

    return run


def rows_in(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of the manifest in an output folder."""
    lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
