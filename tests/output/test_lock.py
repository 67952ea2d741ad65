"""One owner at a time holds a folder, shows that it lives, and leaves nothing behind."""

from __future__ import annotations

import errno
import json
import os
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from camcli.errors import OutputError
from camcli.output import lock as subject
from camcli.output.lock import FolderLock
from camcli.output.owner import Owner
from tests.output.locks import another_process_holding


def test_it_leaves_nothing_behind(path: Path) -> None:
    with FolderLock(path) as lock:
        assert json.loads(path.read_text())["pid"] == os.getpid()
        assert lock.predecessor is None
        assert not lock.files_may_be_lost
    assert list(path.parents[1].iterdir()) == []


def test_a_living_owner_is_named(path: Path) -> None:
    with FolderLock(path):
        with pytest.raises(OutputError, match=f"process {os.getpid()} on "), FolderLock(path):
            pass
        assert path.exists()


def test_an_owner_in_another_process_is_named(path: Path) -> None:
    with another_process_holding(path) as process:
        with pytest.raises(OutputError, match=f"process {process.pid} on "), FolderLock(path):
            pass
        assert path.exists()


def test_it_gives_signs_of_life(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "_SECONDS_BETWEEN_SIGNS_OF_LIFE", 0.01)
    with FolderLock(path):
        os.utime(path, (0, 0))
        deadline = time.monotonic() + 10
        while path.stat().st_mtime < 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert path.stat().st_mtime > 1


def test_a_lock_that_was_taken_over_is_left_to_its_new_owner(path: Path) -> None:
    with FolderLock(path):
        path.write_text(json.dumps(asdict(Owner.me())))
    assert path.exists()
    assert path.with_name("lock.held").exists()


def test_a_machine_that_was_faster_keeps_the_lock(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(Owner.me(), host="elsewhere")

    def slow(where: Path, owner: Owner) -> None:
        where.write_text(json.dumps(asdict(other)))
        raise FileExistsError(17, "File exists")

    monkeypatch.setattr(subject, "write_owner", slow)
    with pytest.raises(OutputError, match="elsewhere"), FolderLock(path):
        pass
    assert json.loads(path.read_text()) == asdict(other)


def test_a_folder_that_goes_while_it_is_made_is_made_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, calls = Path.mkdir, []

    def racing(self: Path, *arguments: object, **options: object) -> None:
        calls.append(self)
        if len(calls) == 1:
            raise FileExistsError(17, "File exists")
        usual(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "mkdir", racing)
    with FolderLock(path):
        assert path.exists()


def test_a_file_where_the_folder_should_be_is_refused(path: Path) -> None:
    path.parent.parent.mkdir(parents=True)
    path.parent.touch()
    with pytest.raises(FileExistsError), FolderLock(path):
        pass


def test_a_record_that_cannot_be_written_leaves_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(where: Path, owner: Owner) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(subject, "write_owner", full)
        with pytest.raises(OSError, match="No space"), FolderLock(path):
            pass
    assert not path.parent.exists()
    with FolderLock(path):
        assert path.exists()
