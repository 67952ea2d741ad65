"""Which output folders a run may open."""

from __future__ import annotations

from pathlib import Path

import pytest

from camcli.errors import OutputError
from camcli.output.folder import FolderPolicy, open_folder
from tests.output.runs import FINGERPRINT, OVERWRITE, RESUME, Use, run, use_of_shard


def test_a_new_folder_is_made(tmp_path: Path) -> None:
    resume_state = run(tmp_path / "a" / "out", "abc")
    assert (resume_state.images, resume_state.redone) == (0, set())
    assert sorted(p.name for p in (tmp_path / "a" / "out").iterdir()) == [
        *("manifest.jsonl", "maps", "run.json")
    ]


def test_an_occupied_folder_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(OutputError, match="not empty"):
        run(tmp_path, "abc")
    with pytest.raises(OutputError, match="no camcli run to go on with"):
        run(tmp_path, "abc", RESUME)
    with pytest.raises(OutputError, match="no camcli run to overwrite"):
        run(tmp_path, "abc", OVERWRITE)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(OutputError, match="is not a folder"):
        run(tmp_path / "out", "a")


@pytest.mark.slow
def test_a_folder_in_use_is_refused_whatever_is_asked(tmp_path: Path) -> None:
    with open_folder(tmp_path, Use(), FINGERPRINT, False):
        for use in (Use(), RESUME, OVERWRITE):
            with pytest.raises(OutputError, match=r"in use by another run \(process"):
                run(tmp_path, "a", use)


def test_shards_of_other_counts_or_configs_and_whole_runs_stay_apart(tmp_path: Path) -> None:
    run(tmp_path, "ac", use_of_shard(0, 2))
    with pytest.raises(OutputError, match="not empty"):
        run(tmp_path, "abcd")
    with pytest.raises(OutputError, match="holds shards of 2"):
        run(tmp_path, "abcd", RESUME)
    with pytest.raises(OutputError, match="not empty"):
        run(tmp_path, "a", use_of_shard(0, 3))
    with pytest.raises(OutputError, match="holds shards of 2"):
        run(tmp_path, "a", use_of_shard(0, 3, FolderPolicy.RESUME))
    with pytest.raises(OutputError, match="targets"):
        run(tmp_path, "bd", use_of_shard(1, 2), fingerprint=FINGERPRINT | {"targets": ["top2"]})
    run(tmp_path, "abcd", OVERWRITE)
    with pytest.raises(OutputError, match="a run without --shard"):
        run(tmp_path, "ac", use_of_shard(0, 2, FolderPolicy.RESUME))


def test_a_shard_of_another_run_is_refused_before_anything_is_replaced(tmp_path: Path) -> None:
    run(tmp_path, "ac", use_of_shard(0, 2))
    run(tmp_path, "bd", use_of_shard(1, 2))
    before = (tmp_path / "manifest.1-of-2.jsonl").read_bytes()
    other = FINGERPRINT | {"targets": ["top2"]}
    for policy in (FolderPolicy.RESUME, FolderPolicy.OVERWRITE):
        with pytest.raises(OutputError, match=r'targets: \["top1"\] in shard 0/2, \["top2"\] here'):
            run(tmp_path, "bd", use_of_shard(1, 2, policy), fingerprint=other)
    assert (tmp_path / "manifest.1-of-2.jsonl").read_bytes() == before
