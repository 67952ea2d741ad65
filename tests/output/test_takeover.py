"""The lock of a dead owner is taken over, and that of a living one never."""

from __future__ import annotations

import errno
import fcntl
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
from camcli.output.lock import FolderLock
from camcli.output.owner import Owner
from tests.output.locks import HOLD, another_process_holding


def _leave(path: Path, owner: Owner) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(asdict(owner)), encoding="utf-8")


def _dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_a_dead_owner_is_followed(path: Path) -> None:
    dead = replace(Owner.me(), pid=_dead_pid())
    _leave(path, dead)
    with FolderLock(path) as lock:
        assert lock.predecessor == dead
        assert lock.predecessor.saw_this_boot()
        assert not lock.files_may_be_lost
    assert not path.parent.exists()


def test_a_killed_process_that_nobody_asked_about_is_dead(path: Path) -> None:
    with another_process_holding(path) as process:
        process.kill()
        deadline = time.monotonic() + 10
        while not _is_a_zombie(process.pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        with FolderLock(path) as lock:  # it is still in the process table
            assert lock.predecessor is not None
            assert lock.predecessor.pid == process.pid
    assert not path.parent.exists()


def _is_a_zombie(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def test_another_process_with_the_same_number_is_not_the_owner(path: Path) -> None:
    _leave(path, Owner.me())
    with FolderLock(path) as lock:
        assert lock.predecessor is not None
        assert lock.predecessor.pid == os.getpid()


def test_children_of_a_dead_owner_do_not_hold_its_lock(path: Path) -> None:
    child = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'input()'])\n"
    command = [sys.executable, "-c", HOLD.replace("    print", f"    {child}    print"), str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        process.kill()
        process.wait()
        with FolderLock(path) as lock:
            assert lock.predecessor is not None


@pytest.mark.skipif(not Path("/proc/sys/kernel/random/boot_id").exists(), reason="needs /proc")
def test_who_ran_before_the_machine_was_started_is_dead(path: Path) -> None:
    _leave(path, replace(Owner.me(), boot="another"))
    with FolderLock(path) as lock:
        assert lock.predecessor is not None
        assert not lock.predecessor.saw_this_boot()
        assert lock.files_may_be_lost


def test_another_machines_owner_lives_as_long_as_it_gives_signs(path: Path) -> None:
    _leave(path, replace(Owner.me(), host="elsewhere"))
    with pytest.raises(OutputError, match="elsewhere"), FolderLock(path):
        pass
    for minutes, refused in ((9, True), (11, False)):
        long_ago = time.time() - 60 * minutes
        os.utime(path, (long_ago, long_ago))
        if refused:
            with pytest.raises(OutputError, match="elsewhere"), FolderLock(path):
                pass
    with FolderLock(path) as lock:
        assert lock.predecessor is not None
        assert lock.predecessor.host == "elsewhere"
        assert lock.files_may_be_lost


def test_who_is_refused_leaves_the_files_of_another_machines_owner(path: Path) -> None:
    _leave(path, replace(Owner.me(), host="elsewhere"))
    held = path.with_name("lock.held")
    held.touch()
    before = held.stat().st_ino
    with pytest.raises(OutputError, match="elsewhere"), FolderLock(path):
        pass
    assert held.stat().st_ino == before


@pytest.mark.parametrize("text", [b"{", b"", b"[]", b'{"pid": 3}', b"\xff"])
def test_an_illegible_lock_is_taken_over_once_it_is_old(path: Path, text: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(text)
    os.utime(path, (0, 0))
    with FolderLock(path) as lock:
        assert json.loads(path.read_text())["pid"] == os.getpid()
        assert lock.files_may_be_lost  # as after a power failure, which leaves files empty


def test_a_record_of_an_older_version_is_understood(path: Path) -> None:
    dead = replace(Owner.me(), pid=_dead_pid())
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(asdict(dead) | {"born": "12345"}))
    with FolderLock(path) as lock:
        assert lock.predecessor == dead


def test_a_takeover_that_died_half_way_holds_nobody_up(path: Path) -> None:
    _leave(path, replace(Owner.me(), pid=_FREE_PID))
    with another_process_holding(path) as process:
        path.unlink()  # as between the removal of the old record and the writing of the new one
        process.kill()
        process.wait()
    with FolderLock(path) as lock:
        assert lock.predecessor is None
    assert not path.parent.exists()


def test_an_illegible_lock_that_is_new_may_be_about_to_be_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    path.parent.mkdir(parents=True)
    path.touch()
    with pytest.raises(OutputError, match="cannot take the lock"), FolderLock(path):
        pass
    assert path.exists()


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_where_the_file_system_has_no_locks(
    path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder, number: int
) -> None:
    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    _leave(path, replace(Owner.me(), pid=_dead_pid()))
    with FolderLock(path) as lock:
        assert lock.predecessor is not None
        with pytest.raises(OutputError, match=f"process {os.getpid()} on "), FolderLock(path):
            pass
    assert not path.parent.exists()
    assert list(recwarn) == []


def test_where_the_file_system_has_no_locks_a_dead_owner_is_followed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    _leave(path, replace(Owner.me(), pid=_dead_pid()))
    without = (
        "import fcntl\ndef no(*_): raise OSError(37, 'No locks available')\nfcntl.flock = no\n"
    )
    command = [sys.executable, "-c", without + HOLD, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(OutputError, match=f"process {process.pid} on "), FolderLock(path):
            pass
        process.kill()
        process.wait()
        with FolderLock(path) as lock:
            assert lock.predecessor is not None
            assert lock.predecessor.pid == process.pid


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


@pytest.mark.slow
@pytest.mark.parametrize(("wait", "rounds"), [(0.0, 40), (subject._SECONDS_TO_WAIT, 12)])
def test_of_many_that_take_over_at_once_one_succeeds(
    path: Path, monkeypatch: pytest.MonkeyPatch, wait: float, rounds: int
) -> None:
    monkeypatch.setattr(subject, "_SECONDS_TO_WAIT", wait)
    for _ in range(rounds):
        _leave(path, replace(Owner.me(), pid=_FREE_PID))
        crowd = _Crowd(path, 6)
        crowd.run()
        assert crowd.together == 1
        assert "held" in crowd.results
        assert len(crowd.results) == 6
        assert not path.parent.exists()


_FREE_PID = 2**22 + 1  # above what Linux ever gives
