"""Real processes that are killed, starved of resources and given bad input."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.command_server import CommandServer

DEMO = ("-m", "demo", "-q", "-b", "4", "-j", "2")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandServer]:
    with CommandServer(tmp_path_factory.mktemp("said")) as commands:
        yield commands


def rows_in(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of the manifest in an output folder."""
    lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def assert_whole(folder: Path) -> None:
    """Check that the files in an output folder are those its rows list, unchanged."""
    listed = {}
    for row in rows_in(folder):
        for kind in ("map", "overlay"):
            if row[kind]:
                listed[row[kind]] = row["sha256"][kind]
    found = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {"manifest.jsonl", "run.json"}
    }
    assert found == listed
