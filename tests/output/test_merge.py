"""Merged shards are the whole."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from camcli.errors import OutputError
from camcli.output.folder import FolderPolicy, open_folder
from camcli.output.lock import FolderLock
from camcli.output.merge import merge_shards
from tests.output.runs import FINGERPRINT, RESUME, names_in, run, use_of_shard

OTHER = FINGERPRINT | {"model": {"name": "other"}}


def test_shards_share_a_folder_and_together_are_the_whole(tmp_path: Path) -> None:
    run(tmp_path / "whole", "abcdefg")
    folder = tmp_path / "shards"
    with ExitStack() as held:
        for index in (2, 0, 1):
            held.enter_context(open_folder(folder, use_of_shard(index, 3), FINGERPRINT, False))
    for index in (1, 2, 0):
        run(folder, "abcdefg"[index::3], use_of_shard(index, 3))
    assert merge_shards(folder).images == 7
    for path in (tmp_path / "whole").rglob("*"):
        if path.is_file() and path.name != "run.json":
            same = folder / path.relative_to(tmp_path / "whole")
            assert same.read_bytes() == path.read_bytes()
    assert sorted(p.name for p in folder.iterdir()) == ["manifest.jsonl", "maps", "run.json"]
    assert json.loads((folder / "run.json").read_text())["rows"]["ok"] == 7
    assert run(folder, "abcdefg", RESUME).images == 7


def test_an_interrupted_merge_is_completed(tmp_path: Path) -> None:
    for index in range(2):
        run(tmp_path, "abcd"[index::2], use_of_shard(index, 2))
    left = (tmp_path / "manifest.1-of-2.jsonl").read_bytes()
    merge_shards(tmp_path)
    (tmp_path / "manifest.1-of-2.jsonl").write_bytes(left)
    merge_shards(tmp_path)
    assert names_in(tmp_path) == "abcd"
    assert not (tmp_path / "manifest.1-of-2.jsonl").exists()


def test_what_cannot_be_merged_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot join"):
        merge_shards(tmp_path / "nowhere")
    with pytest.raises(OutputError, match="no shards"):
        merge_shards(tmp_path)
    run(tmp_path, "ac", use_of_shard(0, 2))
    with pytest.raises(OutputError, match="--shard 1/2"):
        merge_shards(tmp_path)
    run(tmp_path, "b", use_of_shard(1, 2), state="interrupted")
    with pytest.raises(OutputError, match="--shard 1/2 again with --resume"):
        merge_shards(tmp_path)
    run(tmp_path, "bdfh", use_of_shard(1, 2, FolderPolicy.RESUME))
    with pytest.raises(OutputError, match="2, 4 images"):
        merge_shards(tmp_path)
    with (
        FolderLock(tmp_path / ".camcli" / "lock.0-of-2"),
        pytest.raises(OutputError, match="in use"),
    ):
        merge_shards(tmp_path)


def test_shards_of_different_runs_are_not_joined(tmp_path: Path) -> None:
    run(tmp_path, "ac", use_of_shard(0, 2))
    run(tmp_path / "elsewhere", "bd", use_of_shard(1, 2), fingerprint=OTHER)
    for path in (tmp_path / "elsewhere").glob("*.1-of-2.*"):
        path.rename(tmp_path / path.name)
    found = "model.name: demo in shard 0/2, other in shard 1/2"
    with pytest.raises(OutputError, match=found):
        merge_shards(tmp_path)
    assert (tmp_path / "manifest.0-of-2.jsonl").exists()


def test_shards_of_listings_that_differ_are_not_joined(tmp_path: Path) -> None:
    for index in range(2):
        run(tmp_path, "abcd"[index::2], use_of_shard(index, 2))
        record = tmp_path / f"run.{index}-of-2.json"
        found = json.loads(record.read_text())
        record.write_text(json.dumps({**found, "listing": f"digest {index}"}))
    with pytest.raises(OutputError, match="do not divide one listing: images were added"):
        merge_shards(tmp_path)
