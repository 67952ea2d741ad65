"""Disks that fill up, and folders that cannot be written: the run stops and can be resumed."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from camcli.output import atomic, lock
from camcli.workers import process
from tests.cli.conftest import Camcli, camcli  # noqa: F401
from tests.faults.conftest import DEMO, assert_whole, rows_in
from tests.harness.command_server import CommandServer
from tests.harness.kill_resume import differences, tree


@pytest.fixture(scope="module")
def expected(
    server: CommandServer, scenes: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Return the tree that an undisturbed run leaves."""
    folder = tmp_path_factory.mktemp("expected")
    assert server.run(["explain", str(scenes), *DEMO, "-o", "out"], folder).code == 0
    return tree(folder / "out")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Provide a file system of 400 kB, less than a run of seven scenes needs."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk_stops_a_run_that_can_be_resumed(
    server: CommandServer, scenes: Path, small_disk: Path, expected: dict[str, str]
) -> None:
    command = ["explain", str(scenes), *DEMO, "-o", "out", "--resume"]
    for _ in range(2):
        finished = server.run(command, small_disk)
        assert finished.code == 74
        assert finished.stderr.count("\n") == 1
        assert "No space left on device" in finished.stderr
        assert "--resume" in finished.stderr
        for row in rows_in(small_disk / "out"):
            assert (small_disk / "out" / row["map"]).stat().st_size > 0
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    assert server.run(command, small_disk).code == 0
    assert differences(expected, tree(small_disk / "out")) == []


@pytest.mark.slow
def test_a_read_only_disk_is_found_before_any_image_is_read(
    server: CommandServer, scenes: Path, small_disk: Path
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    finished = server.run(["explain", str(scenes), *DEMO, "-o", "out"], small_disk)
    assert finished.code == 2
    assert "Read-only file system" in finished.stderr
    assert finished.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_limit_on_file_size_stops_a_run_that_can_be_resumed(
    server: CommandServer, scenes: Path, tmp_path: Path, expected: dict[str, str]
) -> None:
    command = ["explain", str(scenes), *DEMO, "-o", "out", "--resume"]
    finished = server.start(command, tmp_path, file_bytes=30_000).wait()
    assert finished.code == 74
    assert "File too large" in finished.stderr
    assert_whole(tmp_path / "out")
    assert server.run(command, tmp_path).code == 0
    assert differences(expected, tree(tmp_path / "out")) == []


# The first descriptor that a worker opens is the one that it answers on.
_REFUSED_WRITES = """
import os, sys; sys.path[:] = {{path!r}}
import camcli.workers.worker
usual, count = os.fdopen, [-1]
def failing(descriptor, *rest):
    if rest == ("wb",):
        count[0] += 1
        if count[0] > {at}:
            os.close(descriptor)
            raise OSError({number}, os.strerror({number}))
    return usual(descriptor, *rest)
os.fdopen = failing
camcli.workers.worker.main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("at", [0, 1, 2, 5])
def test_any_write_may_fail(
    camcli: Camcli,  # noqa: F811
    scenes: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    number: int,
    at: int,
    expected: dict[str, str],
) -> None:
    """After some writes by this process, or by each worker, all others are refused."""
    usual, count = os.fdopen, [0]

    def failing(descriptor: int, *rest: object) -> object:
        if rest == ("wb",):
            count[0] += 1
            if count[0] > at:
                os.close(descriptor)
                raise OSError(number, os.strerror(number))
        return usual(descriptor, *rest)  # type: ignore[call-overload]

    command = ("explain", str(scenes), *DEMO, "-o", "out", "--resume")
    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "fdopen", failing)
        patch.setattr(process, "_START", _REFUSED_WRITES.format(at=at, number=number))
        finished = camcli(*command)
    assert finished.code == 74
    assert os.strerror(number) in finished.stderr
    assert "Traceback" not in finished.stderr
    if (tmp_path / "out" / "manifest.jsonl").exists():
        for row in rows_in(tmp_path / "out"):
            assert row["status"] == "ok"
    assert camcli(*command).code == 0
    found = tree(tmp_path / "out")
    assert found.keys() == expected.keys()
    assert_whole(tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_cannot_take_the_lock_is_the_machines_fault(
    camcli: Camcli,  # noqa: F811
    scenes: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(lock, "write_owner", failing)
        finished = camcli("explain", str(scenes), *DEMO, "-o", "out")
    assert finished.code == 74
    assert os.strerror(number) in finished.stderr
    assert finished.stderr.count("\n") == 1


@pytest.mark.slow
def test_rows_that_cannot_be_written_to_stdout_stop_the_run(
    server: CommandServer, scenes: Path, tmp_path: Path, expected: dict[str, str]
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    command = ["explain", str(scenes), *DEMO, "-o", "out"]
    said = server.start([*command, "--json"], tmp_path, stdout=Path("/dev/full")).wait()
    assert said.code == 74
    assert "No space left" in said.stderr
    assert server.run([*command, "--resume"], tmp_path).code == 0
    assert differences(expected, tree(tmp_path / "out")) == []


@pytest.mark.slow
def test_a_name_too_long_for_the_file_system_costs_one_image(
    server: CommandServer, scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    here = os.open(tmp_path / "in", os.O_RDONLY)
    try:
        for _ in range(21):
            os.mkdir("d" * 193, dir_fd=here)
            below = os.open("d" * 193, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        target = os.open("deep12345.png", os.O_WRONLY | os.O_CREAT, dir_fd=here)
        os.write(target, (scenes / "0.png").read_bytes())
        os.close(target)
    finally:
        os.close(here)
    (tmp_path / "in" / "a.png").write_bytes((scenes / "0.png").read_bytes())
    finished = server.run(["explain", "in", *DEMO, "-o", "out"], tmp_path)
    assert finished.code == 1, finished.stderr
    by_name = {Path(row["image"]).name: row for row in rows_in(tmp_path / "out")}
    assert by_name["a.png"]["status"] == "ok"
    assert by_name["deep12345.png"]["status"] == "failed"
    assert "name too long" in by_name["deep12345.png"]["error"]["message"].lower()
    monkeypatch.chdir(tmp_path)  # even the absolute paths of the files would be too long
    assert_whole(Path("out"))
