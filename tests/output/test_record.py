from __future__ import annotations

import json
from pathlib import Path

import pytest

from camcli.errors import OutputError
from camcli.output.record import read_run, write_run
from camcli.records import Shard

_RECORD = {"state": "finished", "fingerprint": {"model": {"name": "demo"}}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which a run is at work."""
    (tmp_path / ".camcli" / "staging").mkdir(parents=True)
    return tmp_path


def test_what_is_written_is_read(folder: Path) -> None:
    write_run(folder, _RECORD)
    assert read_run(folder) == _RECORD


def test_a_record_of_an_older_version_is_read_under_todays_keys(tmp_path: Path) -> None:
    old = {"state": "finished", "described": _RECORD["fingerprint"]}
    (tmp_path / "run.json").write_text(json.dumps(old))
    assert read_run(tmp_path) == _RECORD


def test_each_shard_has_its_own_record(tmp_path: Path) -> None:
    (tmp_path / "run.1-of-2.json").write_text(json.dumps(_RECORD))
    assert read_run(tmp_path, Shard(1, 2)) == _RECORD
    with pytest.raises(OutputError, match=r"run\.0-of-2\.json is missing"):
        read_run(tmp_path, Shard(0, 2))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"fingerprint"', '{"state": "finished"}', '{"fingerprint": "x"}'],
)
def test_what_is_no_record_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(OutputError, match="holds no camcli run to go on with"):
        read_run(tmp_path)
