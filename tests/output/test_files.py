"""Where the files of a run and of a shard lie."""

from __future__ import annotations

from pathlib import Path

from camcli.output.files import manifest_path
from camcli.records import WHOLE, Shard


def test_names_of_files(tmp_path: Path) -> None:
    assert manifest_path(tmp_path, WHOLE).name == "manifest.jsonl"
    assert manifest_path(tmp_path, Shard(3, 12)).name == "manifest.3-of-12.jsonl"
