"""Overwriting removes what camcli wrote and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from camcli.errors import OutputError
from camcli.output.folder import FolderPolicy, open_folder
from camcli.output.merge import merge_shards
from camcli.output.record import write_run
from camcli.records import Shard
from tests.output.runs import FINGERPRINT, OVERWRITE, names_in, run, run_record, use_of_shard


def test_a_folder_of_someone_elses_maps_is_not_cleared(tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "atlas.jpg").touch()
    with pytest.raises(OutputError, match="no camcli run to overwrite"):
        run(tmp_path, "abc", OVERWRITE)
    assert (tmp_path / "maps" / "atlas.jpg").exists()


def test_overwriting_removes_what_camcli_wrote_and_nothing_else(tmp_path: Path) -> None:
    run(tmp_path, "abc")
    (tmp_path / "notes.txt").touch()
    run(tmp_path, "d", OVERWRITE)
    assert names_in(tmp_path) == "d"
    assert [p.name for p in (tmp_path / "maps").iterdir()] == ["d.npy"]
    assert (tmp_path / "notes.txt").exists()


def test_a_shard_that_is_overwritten_leaves_the_others_alone(tmp_path: Path) -> None:
    run(tmp_path, "ac", use_of_shard(0, 2))
    run(tmp_path, "bd", use_of_shard(1, 2))
    run(tmp_path, "ae", use_of_shard(0, 2, FolderPolicy.OVERWRITE))
    assert sorted(p.name for p in (tmp_path / "maps").iterdir()) == [
        *("a.npy", "b.npy", "d.npy", "e.npy")
    ]
    merge_shards(tmp_path)
    assert names_in(tmp_path) == "abed"


def test_a_whole_run_does_not_overwrite_shards_at_work(tmp_path: Path) -> None:
    with open_folder(tmp_path, use_of_shard(0, 2), FINGERPRINT, False):
        write_run(tmp_path, run_record("running"), Shard(0, 2))
        with pytest.raises(OutputError, match="in use"):
            run(tmp_path, "ab", OVERWRITE)
