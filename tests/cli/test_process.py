"""The process ends quickly, but not before all output is written and cleaned up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

_START = (
    "import atexit, sys, camcli.__main__ as subject\n"
    "import camcli.cli as cli\n"
    "class Slow:\n"
    "    def __del__(self): print('taken apart')\n"
    "cycle = [Slow()]; cycle.append(cycle)\n"
)


def ended(script: str, stdout: int | IO[str] = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    """Run a script after `_START`, with an output that is buffered as a user's is."""
    command = [sys.executable, "-c", _START + script]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, env=env
    )


def test_exit_handlers_run_and_the_rest_is_left_to_the_system() -> None:
    script = (
        "def main():\n"
        "    atexit.register(print, 'at exit')\n"
        "    sys.stdout.write('not flushed ')\n"
        "    raise SystemExit(3)\n"
        "cli.main = main\n"
        "subject.run()\n"
    )

    found = ended(script)

    assert (found.returncode, found.stdout) == (3, "not flushed at exit\n")


@pytest.mark.slow
def test_working_threads_are_waited_for() -> None:
    script = (
        "import threading, time\n"
        "def main():\n"
        "    threading.Thread(target=lambda: (time.sleep(0.3), print('done'))).start()\n"
        "    sys.exit(0)\n"
        "cli.main = main\n"
        "subject.run()\n"
    )

    found = ended(script)

    assert (found.returncode, found.stdout) == (0, "done\n")


def test_an_unexpected_error_ends_as_python_ends_it() -> None:
    found = ended(
        "def main(): raise RuntimeError('a mistake of ours')\ncli.main = main\nsubject.run()"
    )

    assert found.returncode == 1
    assert "RuntimeError: a mistake of ours" in found.stderr


def test_output_that_cannot_be_written_is_reported() -> None:
    script = "def main(): sys.stdout.write('lost'); sys.exit(0)\ncli.main = main\nsubject.run()"

    with Path("/dev/full").open("w") as full:
        found = ended(script, stdout=full)

    assert found.returncode == 120
    assert "No space left on device" in found.stderr


def test_a_reader_that_has_gone_ends_it_quietly_with_its_own_code() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "camcli", "config", "schema"]

    found = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)

    assert (found.returncode, found.stderr) == (141, "")


def test_a_closed_stdout_is_not_an_error() -> None:
    command = f"{sys.executable} -m camcli --version >&-"

    found = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)

    assert (found.returncode, found.stderr) == (0, "")
