from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from camcli.errors import OutputError
from camcli.output import lock as subject
from camcli.output.lock import FolderLock, Owner


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out" / ".camcli" / "lock"


def _leave(path: Path, owner: Owner) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(asdict(owner)), encoding="utf-8")


def _dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_it_leaves_nothing_behind(path: Path) -> None:
    with FolderLock(path) as lock:
        assert json.loads(path.read_text())["pid"] == os.getpid()
        assert lock.predecessor is None
    assert list(path.parents[1].iterdir()) == []


def test_a_living_owner_is_named(path: Path) -> None:
    with FolderLock(path):
        with pytest.raises(OutputError, match=f"process {os.getpid()} on "), FolderLock(path):
            pass
        assert path.exists()


def test_a_dead_owner_is_followed(path: Path) -> None:
    dead = replace(Owner.me(), pid=_dead_pid())
    _leave(path, dead)
    with FolderLock(path) as lock:
        assert lock.predecessor == dead
        assert lock.predecessor.saw_this_boot()
    assert not path.parent.exists()


def test_a_killed_process_that_nobody_asked_about_is_dead(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        owner = replace(Owner.me(), pid=process.pid, born=subject._born(process.pid))
        assert owner.lives(quiet_for=0.0)
        process.kill()
        deadline = time.monotonic() + 10
        while owner.lives(quiet_for=0.0) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not owner.lives(quiet_for=0.0)  # a zombie: still in the process table


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_another_process_with_the_same_number_is_not_the_owner(path: Path) -> None:
    _leave(path, replace(Owner.me(), born="1"))
    with FolderLock(path) as lock:
        assert lock.predecessor is not None


@pytest.mark.skipif(not Path("/proc/sys/kernel/random/boot_id").exists(), reason="needs /proc")
def test_who_ran_before_the_machine_was_started_is_dead(path: Path) -> None:
    _leave(path, replace(Owner.me(), boot="another"))
    with FolderLock(path) as lock:
        assert lock.predecessor is not None
        assert not lock.predecessor.saw_this_boot()


def test_another_machines_owner_lives_as_long_as_it_gives_signs(path: Path) -> None:
    _leave(path, replace(Owner.me(), host="elsewhere"))
    with pytest.raises(OutputError, match="elsewhere"), FolderLock(path):
        pass
    long_ago = time.time() - 3600
    os.utime(path, (long_ago, long_ago))
    with FolderLock(path) as lock:
        assert lock.predecessor is not None
        assert lock.predecessor.host == "elsewhere"


def test_it_gives_signs_of_life(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "_SECONDS_BETWEEN_SIGNS_OF_LIFE", 0.01)
    with FolderLock(path):
        os.utime(path, (0, 0))
        deadline = time.monotonic() + 10
        while path.stat().st_mtime < 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert path.stat().st_mtime > 1


def test_an_illegible_lock_is_taken_over_once_it_is_old(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("{")
    os.utime(path, (0, 0))
    with FolderLock(path):
        assert json.loads(path.read_text())["pid"] == os.getpid()


def test_a_takeover_that_died_half_way_holds_nobody_up_for_long(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _leave(path, replace(Owner.me(), pid=_FREE_PID))
    claim = path.with_name("lock-claim")
    claim.touch()
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with pytest.raises(OutputError, match="cannot take the lock"), FolderLock(path):
        pass
    os.utime(claim, (0, 0))
    with FolderLock(path) as lock:
        assert lock.predecessor is not None
    assert not path.parent.exists()


def test_a_lock_that_was_taken_over_is_left_to_its_new_owner(path: Path) -> None:
    with FolderLock(path):
        path.write_text(json.dumps(asdict(Owner.me())))
    assert path.exists()


def test_an_illegible_lock_that_is_new_may_be_about_to_be_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    path.parent.mkdir(parents=True)
    path.touch()
    with pytest.raises(OutputError, match="cannot take the lock"), FolderLock(path):
        pass


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


def test_where_there_are_no_hard_links(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(source: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    with FolderLock(path):
        with pytest.raises(OutputError, match="in use"), FolderLock(path):
            pass
        assert [p.name for p in path.parent.iterdir()] == ["lock"]
    assert not path.parent.exists()


class _Crowd:
    """Threads that go for one lock at the same moment, and how many had it at once."""

    def __init__(self, path: Path, size: int) -> None:
        self.results: list[str] = []
        self.together = 0
        self._path = path
        self._holding = 0
        self._barrier = threading.Barrier(size)
        self._threads = [threading.Thread(target=self._take) for _ in range(size)]

    def run(self) -> None:
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            thread.join()

    def _take(self) -> None:
        self._barrier.wait()
        try:
            with FolderLock(self._path):
                self._holding += 1
                self.together = max(self.together, self._holding)
                time.sleep(0.005)
                self._holding -= 1
            self.results.append("held")
        except OutputError:
            self.results.append("refused")


def test_of_many_that_take_over_at_once_one_succeeds(path: Path) -> None:
    for _ in range(40):
        _leave(path, replace(Owner.me(), pid=_FREE_PID))
        crowd = _Crowd(path, 6)
        crowd.run()
        assert crowd.together == 1
        assert "held" in crowd.results
        assert not path.parent.exists()


_FREE_PID = 2**22 + 1  # above what Linux ever gives
